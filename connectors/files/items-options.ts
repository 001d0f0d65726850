/** How the end of what is read is taken. */
export type ItemsOptions = {
  /** Nothing can come behind what there is now: what is not finished is broken. */
  readonly isFinal: boolean;
  /** Called with the number of bytes of a last record that is not finished. It is read again when there is more of it. */
  readonly onUnfinished: (bytes: number) => void;
};
