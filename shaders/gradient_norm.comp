#version 450
#extension GL_GOOGLE_include_directive : require
// gradient_norm, first stage: parts[s] = sum of g[i]^2 over the s-th run of the gradients
//
//   g  (count*CHUNK)    parts  (S)
//
// One invocation sums one run of neighbours.
//
// kernel gradient_norm
// kernel gradient_norm_any: SCALAR
// kernel gradient_norm_texel: TEXEL
#include "dispatch.glsl"
#include "fetch.glsl"
#include "chunk.glsl"

layout(push_constant) uniform Push { uint count, run, S; } push; // run: chunks to a part

layout(std430, binding = 0) writeonly buffer Parts { float parts[]; };
FLOATS(1, G, g);

void main() {
    uint s = invocation();
    if (s >= push.S) return;
    chunk sum = chunk(0.0);
    uint end = min((s + 1u) * push.run, push.count), i = s * push.run;
    for (; i + 4u <= end; i += 4u) { // unrolled: what a loop carries goes through memory on CPU drivers
        chunk a = READ(g, i), b = READ(g, i + 1u), c = READ(g, i + 2u), d = READ(g, i + 3u);
        sum += (a * a + b * b) + (c * c + d * d);
    }
    for (; i < end; i++) {
        chunk a = READ(g, i);
        sum += a * a;
    }
    parts[s] = total(sum);
}
