#version 450
#extension GL_GOOGLE_include_directive : require
// pack_matrix over texel buffers: packed[m/R, k, m%R] = w[m*STRIDE_M + k*STRIDE_K], for M and K multiples of 4
//
//   w       (M,K), or (K,M) with TRANSPOSED    packed  (ceil(M/R), COLUMNS, R), COLUMNS >= K
//
// One invocation makes a square of four rows and four columns, 0 past the end: four texels in, four vec4s out.
#include "dispatch.glsl"

layout(constant_id = 1) const uint M = 64;
layout(constant_id = 2) const uint K = 64;
layout(constant_id = 3) const bool TRANSPOSED = false;
layout(constant_id = 4) const uint R = 8;
layout(constant_id = 5) const uint COLUMNS = 64;

layout(std430, binding = 0) writeonly buffer Packed { vec4 packed[]; };
layout(binding = 1) uniform samplerBuffer w;

// texel is four neighbours of row i of the weight as it lies, 0 past the end.
vec4 texel(uint i, uint j) {
    const uint rows = TRANSPOSED ? K : M, columns = TRANSPOSED ? M : K;
    return i < rows && j < columns ? texelFetch(w, int((i * columns + j) / 4u)) : vec4(0.0);
}

void main() {
    uint id = invocation();
    const uint quads = COLUMNS / 4u;
    if (id >= (M + R - 1u) / R * (R / 4u) * quads) return;
    uint k = id % quads * 4u, m = id / quads * 4u;
    mat4 square; // one column of four rows of A to a vec4
    if (TRANSPOSED) {
        square = mat4(texel(k, m), texel(k + 1u, m), texel(k + 2u, m), texel(k + 3u, m));
    } else {
        square = transpose(mat4(texel(m, k), texel(m + 1u, k), texel(m + 2u, k), texel(m + 3u, k)));
    }
    uint to = ((m / R * COLUMNS + k) * R + m % R) / 4u;
    for (uint i = 0u; i < 4u; i++) packed[to + i * (R / 4u)] = square[i];
}
