// Runs exported networks in onnxruntime. Standard input has a JSON object a line,
//   {"model": FILE, "images": FILE, "type": "float32" | "uint8", "shape": [N,C,H,W], "batch": n, "output": FILE}
// where images and output are raw values. Each line is answered by {"name", "shape"} of the output.
const fs = require('fs');
const ort = require('onnxruntime-node');

async function run({model, images, type, shape, batch, output}) {
  const session = await ort.InferenceSession.create(model, {intraOpNumThreads: 1});
  const raw = fs.readFileSync(images), buffer = raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.length);
  const values = type === 'uint8' ? new Uint8Array(buffer) : new Float32Array(buffer);
  const each = values.length / shape[0], parts = [], name = session.outputNames[0];
  let rows = 0, columns;
  for (let from = 0; from < shape[0]; from += batch) {
    const n = Math.min(batch, shape[0] - from);
    const input = new ort.Tensor(type, values.subarray(from * each, (from + n) * each), [n, ...shape.slice(1)]);
    const y = (await session.run({[session.inputNames[0]]: input}))[name];
    parts.push(Buffer.from(y.data.buffer, y.data.byteOffset, y.data.byteLength));
    rows += y.dims[0];
    columns = y.dims.slice(1);
  }
  fs.writeFileSync(output, Buffer.concat(parts));
  console.log(JSON.stringify({name, shape: [rows, ...columns]}));
}

(async () => {
  for (const line of fs.readFileSync(0, 'utf8').split('\n').filter(Boolean)) await run(JSON.parse(line));
})().catch(error => { console.error(error.message); process.exit(1); });
