// MicroPython's WebAssembly build with our own Python files in it, and its memory.

export const PYSTACK_BYTES = 16 << 10;

// `load` is the build's own loadMicroPython; `files`: text by path, as in bundle.json. Returns
// {python, memory}: the interpreter and its linear memory.
export async function start(load, files, heapBytes, said) {
  let memory = null;
  const seen = (result) => {
    memory = (result.instance ?? result).exports.memory;
    return result;
  };
  // The build keeps its memory to itself; whoever instantiates it can see it.
  const { instantiate, instantiateStreaming } = WebAssembly;
  WebAssembly.instantiate = async (...given) => seen(await instantiate(...given));
  if (instantiateStreaming) {
    WebAssembly.instantiateStreaming = async (...given) =>
      seen(await instantiateStreaming(...given));
  }
  let python;
  try {
    python = await load({
      heapsize: heapBytes, pystack: PYSTACK_BYTES, stdout: said, stderr: said,
    });
  } finally {
    WebAssembly.instantiate = instantiate;
    if (instantiateStreaming) WebAssembly.instantiateStreaming = instantiateStreaming;
  }
  const made = new Set();
  for (const [path, text] of Object.entries(files)) {
    const folders = path.split("/").slice(0, -1);
    folders.forEach((_, k) => {
      const folder = "/" + folders.slice(0, k + 1).join("/");
      if (!made.has(folder)) python.FS.mkdir(folder);
      made.add(folder);
    });
    python.FS.writeFile("/" + path, text);
  }
  python.runPython("import sys\nsys.path.insert(0, '/')");
  return { python, memory };
}
