#version 450
#extension GL_GOOGLE_include_directive : require
// depthwise_conv2d_backward_data of any window:
//   dx[n,c,i,j] = sum over u,v of w[c,u,v] * dy[n,c,(i+PADDING-u)/STRIDE,(j+PADDING-v)/STRIDE], where both divide
//
//   dy  (N/GD, C, GD, HO, WO), 0 outside   w  (C, R, R)   dx  (N/GX, C, GX, H, W)
//
// One invocation makes a strip of neighbours in each of STRIDE rows, of which what is past an end is not stored. A strip is a multiple of STRIDE
// long, so which taps meet at which of its places is known when the kernel is compiled. With TEXEL it moves whole texels: W is a multiple of the
// strip, which is one of 4*STRIDE, and WO of four.
//
// kernel depthwise_conv2d_backward_data_strip
// kernel depthwise_conv2d_backward_data_strip_texel: TEXEL
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

layout(push_constant) uniform Push { uint count; } push; // N*C*ceil(H/STRIDE)*ceil(W/STRIP)

layout(std430, binding = 0) readonly  buffer Weight { float w[]; };
#ifdef TEXEL
RESULTS(1, DX, dx);
ACTIVATION(2, DY, dy);
#else
RESULT_FLOATS(1, DX, dx);
ACTIVATION_FLOATS(2, DY, dy);
#endif

// Place o of the strip at column j meets tap v in column (j + o + PADDING - v) / STRIDE of dy. Counted from the first that any
// place meets, that is (o + BEYOND - v) / STRIDE - FIRST; BEYOND keeps what is divided above 0. So it is with rows.
const uint BEYOND = PADDING + STRIDE * R;
const uint FIRST = (BEYOND - (R - 1u)) / STRIDE;

#define VALUES dy
const uint WIDTH = WO, SEEN = (STRIP - 1u + BEYOND) / STRIDE - FIRST + 1u, OFFSET = R - FIRST;
#include "depthwise_strip.glsl"

void main() {
    uint id = invocation();
    if (id >= push.count) return;
    const uint strips = (W + STRIP - 1u) / STRIP, bands = (H + STRIDE - 1u) / STRIDE;
    uint j = id % strips * STRIP, band = id / strips % bands, plane = id / (strips * bands);
    uint c = plane % C, n = plane / C, from = plane_at(n, c, C, GD, HO * WO), to = plane_at(n, c, C, GX, H * W) + j;

    [[unroll]] for (uint k = 0u; k < STRIDE; k++) {
        float sum[STRIP];
        [[unroll]] for (uint o = 0u; o < STRIP; o++) sum[o] = 0.0;
        [[unroll]] for (uint u = 0u; u < R; u++) {
            uint row = band + (k + BEYOND - u) / STRIDE - R; // wraps around below 0, to no row
            if ((k + BEYOND - u) % STRIDE == 0u && row < HO) {
                look(from + row * WO, j / STRIDE);
                [[unroll]] for (uint v = 0u; v < R; v++) {
                    float tap = w[(c * R + u) * R + v];
                    [[unroll]] for (uint o = 0u; o < STRIP; o++) {
                        if ((o + BEYOND - v) % STRIDE == 0u) sum[o] += tap * seen[(o + BEYOND - v) / STRIDE - FIRST];
                    }
                }
            }
        }
        uint i = band * STRIDE + k;
#ifdef TEXEL
        if (i < H) {
            [[unroll]] for (uint o = 0u; o < STRIP; o += 4u) STORE(dx, (to + i * W + o) / 4u, vec4(sum[o], sum[o + 1u], sum[o + 2u], sum[o + 3u]));
        }
#else
        [[unroll]] for (uint o = 0u; o < STRIP; o++) {
            if (i < H && j + o < W) STORE(dx, to + i * W + o, sum[o]);
        }
#endif
    }
}
