// The network, run by onnxruntime-web; both are packed into the page.

/** Unpack what is in the page under an id: gzip in base64. */
async function unpack(id) {
  const text = atob(document.getElementById(id).textContent);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Load the network; returns a function that classifies images, bytes of this shape, and gives their probabilities. */
export async function loadNetwork(shape) {
  const [script, wasmBinary, model] = await Promise.all(["runtime", "binary", "network"].map(unpack));
  const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const ort = await import(address);
  URL.revokeObjectURL(address);
  ort.env.wasm.numThreads = 1; // more would need a server that isolates the page
  ort.env.wasm.wasmBinary = wasmBinary;
  const session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
  return async (images) => {
    const count = images.length / shape.reduce((size, side) => size * side);
    const pixels = Float32Array.from(images, (value) => value / 255);
    const { logits } = await session.run({ images: new ort.Tensor("float32", pixels, [count, ...shape]) });
    const classes = logits.data.length / count;
    return Array.from({ length: count }, (_, i) => softmax(logits.data.subarray(i * classes, (i + 1) * classes)));
  };
}

function softmax(logits) {
  const largest = Math.max(...logits);
  const powers = Array.from(logits, (logit) => Math.exp(logit - largest));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}
