#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// depthwise_conv2d_backward_data of any window:
//   dx[n,c,i,j] = sum over u,v of w[c,u,v] * dy[n,c,(i+PADDING-u)/STRIDE,(j+PADDING-v)/STRIDE], where both divide
//
//   dy  (N/GD, C, GD, HO, WO), 0 outside   w  (C, R, R)   dx  (N/GX, C, GX, H, W)
//
// One invocation makes a strip of neighbours of a row, of which those past its end are not stored. A strip is a multiple of STRIDE long, so
// which taps meet at which of its places is known when the kernel is compiled; the values of dy that it sees are read once a row.
#include "dispatch.glsl"
#include "fetch.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint C = 64;
layout(constant_id = 2) const uint H = 32;
layout(constant_id = 3) const uint W = 32;
layout(constant_id = 4) const uint HO = 32;
layout(constant_id = 5) const uint WO = 32;
layout(constant_id = 6) const uint R = 3;
layout(constant_id = 7) const uint STRIDE = 1;
layout(constant_id = 8) const uint PADDING = 1;
layout(constant_id = 9) const uint GD = 1;
layout(constant_id = 10) const uint GX = 1;
layout(constant_id = 11) const uint STRIP = 4; // a multiple of STRIDE

layout(push_constant) uniform Push { uint count; } push; // N*C*H*ceil(W/STRIP)

ACTIVATION_FLOATS(0, DY, dy);
layout(std430, binding = 1) readonly  buffer Weight { float w[]; };
RESULT_FLOATS(2, DX, dx);

// Place o of the strip at column j meets tap v in column (j + o + PADDING - v) / STRIDE of dy. Counted from the first that any
// place meets, that is (o + BEYOND - v) / STRIDE - FIRST; BEYOND keeps what is divided above 0.
const uint BEYOND = PADDING + STRIDE * R;
const uint FIRST = (BEYOND - (R - 1u)) / STRIDE;
const uint SEEN = (STRIP - 1u + BEYOND) / STRIDE - FIRST + 1u;

void main() {
    uint id = invocation();
    if (id >= push.count) return;
    const uint strips = (W + STRIP - 1u) / STRIP;
    uint j = id % strips * STRIP, i = id / strips % H, plane = id / (strips * H);
    uint c = plane % C, n = plane / C, from = plane_at(n, c, C, GD, HO * WO);

    float sum[STRIP];
    [[unroll]] for (uint o = 0u; o < STRIP; o++) sum[o] = 0.0;
    [[unroll]] for (uint u = 0u; u < R; u++) {
        uint distance = i + PADDING - u, row = distance / STRIDE; // wraps around below 0, to no row
        if (distance % STRIDE == 0u && row < HO) {
            float seen[SEEN];
            [[unroll]] for (uint e = 0u; e < SEEN; e++) {
                uint column = j / STRIDE + FIRST - R + e;
                seen[e] = column < WO ? FETCH(dy, from + row * WO + column) : 0.0;
            }
            [[unroll]] for (uint v = 0u; v < R; v++) {
                float tap = w[(c * R + u) * R + v];
                [[unroll]] for (uint o = 0u; o < STRIP; o++) {
                    if ((o + BEYOND - v) % STRIDE == 0u) sum[o] += tap * seen[(o + BEYOND - v) / STRIDE - FIRST];
                }
            }
        }
    }

    uint to = plane_at(n, c, C, GX, H * W) + i * W + j;
    [[unroll]] for (uint o = 0u; o < STRIP; o++) {
        if (j + o < W) STORE(dx, to + o, sum[o]);
    }
}
