#version 450
#extension GL_GOOGLE_include_directive : require
// pointwise_conv2d as GEMM in register tiles: y[n,m,r] = sum over k of A[m,k] * x[n,k,r]  (+ bias[m])
//
//   packed  (ceil(M/8), K, 8)        A by pack_weights: a weight, or its transpose for the gradient by the input
//   x       (N/GX, K, GX, PLANE*4)   float32, planes a multiple of 8 values (pointwise_conv2d_any takes others)
//   y       (N/GY, M, GY, PLANE*4)
//   bias    (M)                      with BIAS alone: Linear is this op on images of one pixel
//
// One invocation makes 8 rows x 8 pixels. For each k it reads two vec4 of A, the same ones for its
// whole workgroup, and two vec4 of x: 4 loads for 64 multiply-adds. The 16 accumulators are vec4s.
//
// ops: pointwise_conv2d, pointwise_conv2d_backward_data, linear, linear_backward_data
// kernel pointwise_conv2d
// kernel linear: BIAS
#include "dispatch.glsl"
#include "fetch.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint M = 64;
layout(constant_id = 2) const uint K = 64;
layout(constant_id = 3) const uint PLANE = 256; // in vec4
layout(constant_id = 4) const uint GX = 1;
layout(constant_id = 5) const uint GY = 1;

layout(push_constant) uniform Push { uint tiles; } push; // N*PLANE/2: tiles of 8 pixels

layout(std430, binding = 0) readonly  buffer Packed { vec4 a[]; };
ACTIVATION(1, X, x);
RESULTS(2, Y, y);
#ifdef BIAS
layout(std430, binding = 3) readonly  buffer Bias { float bias[]; };
#endif

#include "result.glsl"

// Every index of c is a constant: an array indexed by a variable cannot live in registers.
#define STORE_ROW(i) \
    if (m + i < M) { \
        STORE(y, to + i * step_y, RESULT(c[2 * i], i, 0u)); \
        STORE(y, to + i * step_y + 1u, RESULT(c[2 * i + 1], i, 1u)); \
    }

void main() {
    uint tile = tile_across(), sliver = gl_WorkGroupID.x;
    if (tile >= push.tiles) return;
    uint n = tile / (PLANE / 2u), r = tile % (PLANE / 2u) * 2u;
    uint from = plane_at(n, 0u, K, GX, PLANE) + r;
    const uint step_x = GX * PLANE, step_y = GY * PLANE;

    vec4 c[16];
    for (int i = 0; i < 16; i++) c[i] = vec4(0.0);
    uint at = sliver * K * 2u;
    for (uint k = 0u; k < K; k++) {
        vec4 a0 = a[at], a1 = a[at + 1u];
        vec4 b0 = FETCH(x, from), b1 = FETCH(x, from + 1u);
        c[0] += a0.x * b0;  c[1] += a0.x * b1;
        c[2] += a0.y * b0;  c[3] += a0.y * b1;
        c[4] += a0.z * b0;  c[5] += a0.z * b1;
        c[6] += a0.w * b0;  c[7] += a0.w * b1;
        c[8] += a1.x * b0;  c[9] += a1.x * b1;
        c[10] += a1.y * b0; c[11] += a1.y * b1;
        c[12] += a1.z * b0; c[13] += a1.z * b1;
        c[14] += a1.w * b0; c[15] += a1.w * b1;
        at += 2u;
        from += step_x;
    }

    uint to = plane_at(n, sliver * 8u, M, GY, PLANE) + r, m = sliver * 8u;
    STORE_ROW(0) STORE_ROW(1) STORE_ROW(2) STORE_ROW(3) STORE_ROW(4) STORE_ROW(5) STORE_ROW(6) STORE_ROW(7)
}
