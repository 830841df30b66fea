#version 450
#extension GL_GOOGLE_include_directive : require
// depthwise_conv2d: y[n,c,i,j] = sum over u,v in 0..2 of w[c,u,v] * x[n,c,i+u-1,j+v-1]   (x is 0 outside)
// With FLIP the taps are read backwards, which makes it the gradient by the input.
//
//   x  (N/GX, C, GX, H, W)   float32, W a multiple of 4 (depthwise_conv2d_any takes other widths)
//   w  (C, 3, 3)
//   y  (N/GY, C, GY, H, W)
//
// One invocation makes a strip of ROWS x 4 outputs, ROWS dividing H. It walks down the strip with three
// input rows in registers, each read once as a vec4 and the two scalars beside it: 3*(ROWS+2)
// loads of x and 9 of w for 36*ROWS multiply-adds. No shared memory and no barrier, which are what
// costs on CPU drivers; GPUs get the reuse from their cache.
#include "dispatch.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint C = 64;
layout(constant_id = 2) const uint H = 32;
layout(constant_id = 3) const uint W = 32;
layout(constant_id = 4) const uint GX = 1;
layout(constant_id = 5) const uint GY = 1;
layout(constant_id = 6) const uint ROWS = 4;
layout(constant_id = 7) const bool FLIP = false;

layout(push_constant) uniform Push { uint count; } push; // N*C*(H/ROWS)*(W/4)

layout(std430, binding = 0) readonly  buffer X { float x[]; };
layout(std430, binding = 1) readonly  buffer Weight { float w[]; };
layout(std430, binding = 2) writeonly buffer Y { vec4 y[]; };

// Row is the six neighbours that four outputs of a row need: left, mid (4), right.
struct Row { float left; vec4 mid; float right; };

Row load(uint plane, int i, uint j) {
    if (i < 0 || i >= int(H)) return Row(0.0, vec4(0.0), 0.0);
    uint at = plane + uint(i) * W + j;
    return Row(j > 0u ? x[at - 1u] : 0.0,
               vec4(x[at], x[at + 1u], x[at + 2u], x[at + 3u]),
               j + 4u < W ? x[at + 4u] : 0.0);
}

vec4 taps(Row r, vec3 k) {
    return k.x * vec4(r.left, r.mid.xyz) + k.y * r.mid + k.z * vec4(r.mid.yzw, r.right);
}

vec3 kernel_row(uint c, uint u) {
    return FLIP ? vec3(w[c * 9u + 8u - 3u * u], w[c * 9u + 7u - 3u * u], w[c * 9u + 6u - 3u * u])
                : vec3(w[c * 9u + 3u * u], w[c * 9u + 3u * u + 1u], w[c * 9u + 3u * u + 2u]);
}

void main() {
    uint id = invocation();
    if (id >= push.count) return;
    const uint strips = W / 4u, bands = H / ROWS;
    uint j = id % strips * 4u, band = id / strips % bands, row = id / (strips * bands);
    uint c = row % C, n = row / C;
    uint from = plane_at(n, c, C, GX, H * W), to = plane_at(n, c, C, GY, H * W);

    vec3 k0 = kernel_row(c, 0u), k1 = kernel_row(c, 1u), k2 = kernel_row(c, 2u);
    int top = int(band * ROWS);
    Row above = load(from, top - 1, j), here = load(from, top, j);
    for (uint s = 0u; s < ROWS; s++) {
        Row below = load(from, top + int(s) + 1, j);
        y[(to + (uint(top) + s) * W + j) / 4u] = taps(above, k0) + taps(here, k1) + taps(below, k2);
        above = here;
        here = below;
    }
}
