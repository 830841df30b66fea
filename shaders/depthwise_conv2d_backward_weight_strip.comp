#version 450
#extension GL_GOOGLE_include_directive : require
// depthwise_conv2d_backward_weight of any window, first stage:
//   parts[s,c,u,v] = sum over images n = s, s+splits, ... and all i,j of dy[n,c,i,j] * x[n,c,i*STRIDE+u-PADDING,j*STRIDE+v-PADDING]
//
//   dy  (N/GD, C, GD, HO, WO)   x  (N/GX, C, GX, H, W), 0 outside   parts  (splits, C, R, R), added up by sum_partials
//
// One team makes a row of taps of one part, of which its invocations take rows of dy. They walk over them in strips of four neighbours: for each
// an invocation reads the 3*STRIDE+R values of x that they see once, for 4*R multiply-adds. Single floats; with TEXEL whole texels, so W and WO are
// multiples of four.
//
// kernel depthwise_conv2d_backward_weight_strip
// kernel depthwise_conv2d_backward_weight_strip_texel: TEXEL
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
layout(constant_id = 11) const uint TEAM = 1;
#define SUMMED float
#include "team.glsl"

layout(push_constant) uniform Push { uint N, splits; } push;

layout(std430, binding = 0) writeonly buffer Parts { float parts[]; };
#ifdef TEXEL
ACTIVATION(1, DY, dy);
ACTIVATION(2, X, x);
#else
ACTIVATION_FLOATS(1, DY, dy);
ACTIVATION_FLOATS(2, X, x);
#endif

#define VALUES x
const uint WIDTH = W, SEEN = 3u * STRIDE + R, OFFSET = PADDING;
#include "depthwise_strip.glsl"

float sum[R]; // of each tap

// strip adds the products of four outputs of a row, from column j on, with the row of x that starts at `from`.
void strip(uint to, uint from, uint j) {
#ifdef TEXEL
    vec4 d = FETCH(dy, (to + j) / 4u);
#else
    vec4 d = vec4(FETCH(dy, to + j), 0.0, 0.0, 0.0);
    if (j + 1u < WO) d.y = FETCH(dy, to + j + 1u);
    if (j + 2u < WO) d.z = FETCH(dy, to + j + 2u);
    if (j + 3u < WO) d.w = FETCH(dy, to + j + 3u);
#endif
    look(from, j * STRIDE);
    [[unroll]] for (uint v = 0u; v < R; v++) {
        sum[v] += dot(d, vec4(seen[v], seen[v + STRIDE], seen[v + 2u * STRIDE], seen[v + 3u * STRIDE]));
    }
}

void main() {
    uint id = team();
    if (id >= C * R * push.splits) return;
    uint u = id % R, c = id / R % C, split = id / (R * C);

    [[unroll]] for (uint v = 0u; v < R; v++) sum[v] = 0.0;
    const uint units = TEAM == 1u ? 1u : HO, rows = HO / units; // shares of an image, of so many rows
    for (uint unit = lane();; unit += TEAM) {
        uint n = split + unit / units * push.splits, first = unit % units;
        if (n >= push.N) break;
        uint from = plane_at(n, c, C, GX, H * W), to = plane_at(n, c, C, GD, HO * WO);
        [[dont_unroll]] for (uint i = first; i < first + rows; i++) { // a compiler that unrolls a small image runs out of registers
            uint row = i * STRIDE + u - PADDING;
            if (row < H) {
                [[dont_unroll]] for (uint j = 0u; j < WO; j += 4u) strip(to + i * WO, from + row * W, j);
            }
        }
    }
    [[unroll]] for (uint v = 0u; v < R; v++) {
        float all = team_sum(sum[v]);
        if (lane() == 0u) parts[id * R + v] = all;
    }
}
