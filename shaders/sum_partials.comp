#version 450
#extension GL_GOOGLE_include_directive : require
// sum_partials: y[i] = parts[0,i] + parts[1,i] + ... + parts[S-1,i], in that order
//
//   parts  (S, count*CHUNK)   y  (count*CHUNK)
//
// The second stage of every gradient that is summed over images and pixels: the fixed order makes
// a step repeat to the bit without float atomics. One invocation sums CHUNK neighbours.
//
// kernel sum_partials
// kernel sum_partials_any: SCALAR
// kernel sum_partials_texel: TEXEL
#include "dispatch.glsl"
#include "fetch.glsl"
#include "chunk.glsl"

layout(push_constant) uniform Push { uint count, S; } push;

layout(std430, binding = 0) writeonly buffer Y { chunk y[]; };
ACTIVATION(1, Parts, parts);

void main() {
    uint i = invocation();
    if (i >= push.count) return;
    chunk sum = chunk(0.0);
    for (uint s = 0u; s < push.S; s++) sum += FETCH(parts, s * push.count + i);
    y[i] = sum;
}
