#version 450
#extension GL_GOOGLE_include_directive : require
// depthwise_conv2d: y[n,c,i,j] = sum over u,v in 0..2 of w[c,u,v] * x[n,c,i+u-1,j+v-1]   (x is 0 outside)
// With FLIP the taps are read backwards, which makes it the gradient by the input.
//
//   x  (N/GX, C, GX, H, W)   float32, W a multiple of 4 (depthwise_conv2d_strip takes other widths)
//   w  (C, 3, 3)
//   y  (N/GY, C, GY, H, W)
//   b  (C)                   added with BIASED alone; of the sum FUNCTION of activation.glsl is stored
//   skip (N/GS, C, GS, H, W) added with SKIP, in place of b and FUNCTION
//
// One invocation makes a strip of ROWS x 4*COLS outputs. It walks down the strip with three input rows in registers, each
// read once: ROWS+2 rows of COLS vec4s, and of the two beside them where the image is wider, for 36*ROWS*COLS multiply-adds.
// No shared memory and no barrier, which are what costs on CPU drivers; GPUs get the reuse from their cache.
//
// ops: depthwise_conv2d, depthwise_conv2d_backward_data (with FLIP)
// kernel depthwise_conv2d
// kernel depthwise_conv2d_texel: TEXEL
// kernel depthwise_conv2d_add: SKIP
// kernel depthwise_conv2d_add_texel: SKIP TEXEL
#include "dispatch.glsl"
#include "chunk.glsl"
#include "fetch.glsl"
#include "panels.glsl"
#include "activation.glsl"

layout(constant_id = 1) const uint C = 64;
layout(constant_id = 2) const uint H = 32;
layout(constant_id = 3) const uint W = 32;
layout(constant_id = 4) const uint GX = 1;
layout(constant_id = 5) const uint GY = 1;
layout(constant_id = 6) const uint ROWS = 4;  // divides H
layout(constant_id = 7) const uint COLS = 2;  // divides W/4
layout(constant_id = 8) const bool FLIP = false;
#ifdef SKIP
layout(constant_id = 9) const uint GS = 1;
#else
layout(constant_id = 9) const bool BIASED = false;
layout(constant_id = 10) const uint FUNCTION = 0;
#endif

layout(push_constant) uniform Push { uint count; } push; // N*C*(H/ROWS)*(W/4/COLS)

layout(std430, binding = 0) readonly  buffer Weight { float w[]; };
#ifdef SKIP
RESULTS(1, Y, y);
ACTIVATION(2, Skip, skip);
#else
layout(std430, binding = 1) readonly  buffer Bias { float bias[]; };
RESULTS(2, Y, y);
#endif
ACTIVATION(3, X, x);

#include "depthwise_row.glsl"

vec3 kernel_row(uint c, uint u) {
    return FLIP ? vec3(w[c * 9u + 8u - 3u * u], w[c * 9u + 7u - 3u * u], w[c * 9u + 6u - 3u * u])
                : vec3(w[c * 9u + 3u * u], w[c * 9u + 3u * u + 1u], w[c * 9u + 3u * u + 2u]);
}

#ifdef SKIP
vec4 result(vec4 sum, uint c, uint at) { return sum + FETCH(skip, at); }
#else
vec4 result(vec4 sum, uint c, uint at) {
    if (BIASED) sum += bias[c];
    return activated(FUNCTION, sum);
}
#endif

vec4 taps(Row r, uint q, vec3 k) { return k.x * before(r, q) + k.y * r.mid[q] + k.z * after(r, q); }

void main() {
    uint id = invocation();
    if (id >= push.count) return;
    const uint strips = W / 4u / COLS, bands = H / ROWS;
    uint j = id % strips * COLS, band = id / strips % bands, row = id / (strips * bands);
    uint c = row % C, n = row / C;
    uint from = plane_at(n, c, C, GX, H * W / 4u), to = plane_at(n, c, C, GY, H * W / 4u);
#ifdef SKIP
    uint beside = plane_at(n, c, C, GS, H * W / 4u);
#else
    const uint beside = 0u;
#endif

    vec3 k0 = kernel_row(c, 0u), k1 = kernel_row(c, 1u), k2 = kernel_row(c, 2u);
    int top = int(band * ROWS);
    Row above = load(from, top - 1, j), here = load(from, top, j);
    for (uint s = 0u; s < ROWS; s++) {
        Row below = load(from, top + int(s) + 1, j);
        uint at = (uint(top) + s) * (W / 4u) + j;
        for (uint q = 0u; q < COLS; q++) {
            vec4 sum = taps(above, q, k0) + taps(here, q, k1) + taps(below, q, k2);
            STORE(y, to + at + q, result(sum, c, beside + at + q));
        }
        above = here;
        here = below;
    }
}
