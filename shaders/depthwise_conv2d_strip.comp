#version 450
#extension GL_GOOGLE_include_directive : require
// depthwise_conv2d of any window: y[n,c,i,j] = b[c] + sum over u,v of w[c,u,v] * x[n,c,i*STRIDE+u-PADDING,j*STRIDE+v-PADDING]
//
//   x  (N/GX, C, GX, H, W), 0 outside   w  (C, R, R)   y  (N/GY, C, GY, HO, WO)
//   b  (C), read with BIASED alone; of the sum FUNCTION of activation.glsl is stored
//
// One invocation makes four neighbouring outputs of a row, of which those past its end are not stored: of each row of the window it
// reads the 3*STRIDE+R values that they see once, for 4*R multiply-adds. Single floats, so no width has to divide; with TEXEL whole
// texels, so W and WO are multiples of four.
//
// kernel depthwise_conv2d_strip
// kernel depthwise_conv2d_strip_texel: TEXEL
#include "dispatch.glsl"
#include "chunk.glsl"
#include "fetch.glsl"
#include "activation.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint C = 64;
layout(constant_id = 2) const uint H = 32;
layout(constant_id = 3) const uint W = 32;
layout(constant_id = 4) const uint HO = 32;
layout(constant_id = 5) const uint WO = 32;
layout(constant_id = 6) const uint R = 3;
layout(constant_id = 7) const uint STRIDE = 1;
layout(constant_id = 8) const uint PADDING = 1;
layout(constant_id = 9) const uint GX = 1;
layout(constant_id = 10) const uint GY = 1;
layout(constant_id = 11) const bool BIASED = false;
layout(constant_id = 12) const uint FUNCTION = 0;

layout(push_constant) uniform Push { uint count; } push; // N*C*HO*ceil(WO/4)

layout(std430, binding = 0) readonly  buffer Weight { float w[]; };
layout(std430, binding = 1) readonly  buffer Bias { float bias[]; };
#ifdef TEXEL
RESULTS(2, Y, y);
ACTIVATION(3, X, x);
#else
RESULT_FLOATS(2, Y, y);
ACTIVATION_FLOATS(3, X, x);
#endif

#define VALUES x
const uint WIDTH = W, SEEN = 3u * STRIDE + R, OFFSET = PADDING;
#include "depthwise_strip.glsl"

void main() {
    uint id = invocation();
    if (id >= push.count) return;
    const uint strips = (WO + 3u) / 4u;
    uint j = id % strips * 4u, i = id / strips % HO, plane = id / (strips * HO);
    uint c = plane % C, n = plane / C, from = plane_at(n, c, C, GX, H * W);

    vec4 sum = vec4(BIASED ? bias[c] : 0.0);
    [[unroll]] for (uint u = 0u; u < R; u++) {
        uint row = i * STRIDE + u - PADDING; // wraps around below 0
        if (row < H) {
            look(from + row * W, j * STRIDE);
            [[unroll]] for (uint v = 0u; v < R; v++) {
                sum += w[(c * R + u) * R + v] * vec4(seen[v], seen[v + STRIDE], seen[v + 2u * STRIDE], seen[v + 3u * STRIDE]);
            }
        }
    }

    sum = activated(FUNCTION, sum);
    uint to = plane_at(n, c, C, GY, HO * WO) + i * WO + j;
#ifdef TEXEL
    STORE(y, to / 4u, sum);
#else
    STORE(y, to, sum.x);
    if (j + 1u < WO) STORE(y, to + 1u, sum.y);
    if (j + 2u < WO) STORE(y, to + 2u, sum.z);
    if (j + 3u < WO) STORE(y, to + 3u, sum.w);
#endif
}
