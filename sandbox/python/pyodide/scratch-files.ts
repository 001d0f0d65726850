/** As much of Emscripten's file system as is used here. */
export type FileSystem = {
  readonly filesystems: Readonly<Record<string, MemoryFiles>>;
  readonly ErrnoError: new (errno: number) => Error;
  readonly streams: unknown[];
  mount(type: MemoryFiles, options: object, at: string): unknown;
  unmount(at: string): void;
  lookupPath(path: string): { readonly node: Node };
  chdir(path: string): void;
};
type Node = { readonly mounted?: unknown; readonly mount?: unknown; readonly usedBytes?: number; readonly contents?: unknown };
type Operation = (...args: never[]) => unknown;
type MemoryFiles = { ops_table?: Record<'dir' | 'file' | 'link' | 'chrdev', { node: Operations; stream: Operations }> };
type Operations = Record<string, Operation | undefined>;

/** Numbers of errors in WASI. */
const NO_SPACE = 51;
const READ_ONLY = 69;
const SCRATCH = '/tmp';
const MOST_FILES = 10_000;

/**
 * Makes all files read-only but those in /tmp, which has so many bytes; the working folder is there.
 * @returns a function that makes the files what they were: /tmp empty, nothing open.
 */
export function sealFiles(fs: FileSystem, scratchBytes: number): () => void {
  const memory = fs.filesystems['MEMFS'];
  const operations = memory?.ops_table;
  if (memory === undefined || operations === undefined) throw new Error('Pyodide has another file system than was expected');
  const used = { bytes: 0, files: 0 };
  let scratch: unknown;
  const open = [...fs.streams];

  const fail = (errno: number): never => {
    throw new fs.ErrnoError(errno);
  };
  const onlyScratch = (node: Node | undefined): void => {
    if (scratch === undefined || node?.mount !== scratch) fail(READ_ONLY);
  };
  const grow = (node: Node, size: number): void => {
    const more = size - (node.usedBytes ?? 0);
    if (used.bytes + more > scratchBytes) fail(NO_SPACE);
    used.bytes += more;
  };
  const oneMore = (parent: Node): void => {
    onlyScratch(parent);
    used.files += 1;
    if (used.files > MOST_FILES) fail(NO_SPACE);
  };

  const { dir, file, link, chrdev } = operations;
  guard(dir.node, 'mknod', (parent: Node) => oneMore(parent));
  guard(dir.node, 'symlink', (parent: Node) => oneMore(parent));
  guard(dir.node, 'rmdir', (parent: Node) => onlyScratch(parent));
  guard(dir.node, 'unlink', (parent: Node, name: string) => {
    onlyScratch(parent);
    const child: unknown = Object.entries(parent.contents ?? {}).find(([key]) => key === name)?.[1];
    used.bytes -= (child as Node | undefined)?.usedBytes ?? 0;
  });
  guard(dir.node, 'rename', (node: Node, folder: Node) => {
    onlyScratch(node);
    onlyScratch(folder);
  });
  for (const { node } of [dir, file, link, chrdev]) {
    guard(node, 'setattr', (one: Node, attributes: { readonly size?: number }) => {
      onlyScratch(one);
      if (attributes.size !== undefined) grow(one, attributes.size);
    });
  }
  // (stream, buffer, offset, length, position)
  const written = (node: Node, end: number): void => {
    onlyScratch(node);
    if (end > (node.usedBytes ?? 0)) grow(node, end);
  };
  guard(file.stream, 'write', (stream: { readonly node: Node }, ...[, , length, position]: readonly number[]) =>
    written(stream.node, (position ?? 0) + (length ?? 0)),
  );
  // (stream, buffer, offset, length, flags): memory that a file is mapped to goes back into the file by a way of its own.
  guard(file.stream, 'msync', (stream: { readonly node: Node }, ...[, offset, length]: readonly number[]) =>
    written(stream.node, (offset ?? 0) + (length ?? 0)),
  );

  const mount = (): void => {
    fs.mount(memory, {}, SCRATCH);
    scratch = fs.lookupPath(SCRATCH).node.mount;
    fs.chdir(SCRATCH);
  };
  mount();
  return () => {
    fs.chdir('/');
    fs.unmount(SCRATCH);
    fs.streams.length = 0;
    fs.streams.push(...open);
    used.bytes = 0;
    used.files = 0;
    mount();
  };
}

/** Looks first; what it throws is what the operation throws. */
function guard<A extends readonly unknown[]>(operations: Operations, name: string, look: (...args: A) => void): void {
  const operation = operations[name];
  if (operation === undefined) throw new Error(`Pyodide's file system has no ${name}`);
  operations[name] = (...args: never[]): unknown => {
    look(...(args as unknown as A));
    return operation(...args);
  };
}
