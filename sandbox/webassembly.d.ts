/** The little of WebAssembly's types that the sandbox and quickjs-emscripten need: TypeScript has them in the library for browsers only. */
declare namespace WebAssembly {
  class Memory {
    /** Sizes in pages of 64 KiB. */
    constructor(descriptor: { readonly initial: number; readonly maximum: number });
    readonly buffer: ArrayBuffer;
  }
  class Module {
    constructor(bytes: ArrayBuffer);
  }
}
