// A value as a short text for an address, and back: JSON, deflated, in base64url.

const BYTES_MAX = 2_000_000; // of JSON: a text of a few bytes must not unpack to a flood

export async function pack(value) {
  const stream = new Blob([JSON.stringify(value)]).stream()
    .pipeThrough(new CompressionStream("deflate-raw"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Raises where `text` is not what `pack` makes, or more than `most` bytes of it. */
export async function unpack(text, most = BYTES_MAX) {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let json = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return JSON.parse(json);
    json += value;
    if (json.length > most) throw new Error("it is too long");
  }
}
