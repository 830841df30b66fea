#version 450
#extension GL_GOOGLE_include_directive : require
// depthwise_conv2d_backward_weight, first stage:
//   parts[s,c,u,v] = sum over the s-th piece of (n,i,j) of dy[n,c,i,j] * x[n,c,i+u-1,j+v-1]   (x is 0 outside)
//
//   dy, x   (N/g, C, g, H, W)      float32, W a multiple of 4, g being GD and GX
//   parts   (S, C, 3, 3)           S = splits * W/4/COLS, in teams splits; sum_partials adds them up in order
//
// One invocation takes one strip of 4*COLS columns of one channel through the images n = split, split + splits,
// ... and makes all nine taps in one pass over dy: walking down a strip it reads COLS vec4s of dy and one new row of x for
// 36*COLS multiply-adds. In a team (team.glsl) there are bands of BAND rows as well: all bands and strips of those images are shared out among
// its invocations, and what they have is added up, so that S = splits.
//
// kernel depthwise_conv2d_backward_weight
// kernel depthwise_conv2d_backward_weight_texel: TEXEL
#include "fetch.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint C = 64;
layout(constant_id = 2) const uint H = 32;
layout(constant_id = 3) const uint W = 32;
layout(constant_id = 4) const uint GD = 1;
layout(constant_id = 5) const uint GX = 1;
layout(constant_id = 6) const uint ROWS = 4; // rows in a piece of unrolled code; divides BAND
layout(constant_id = 7) const uint COLS = 2; // divides W/4
layout(constant_id = 8) const uint BAND = 32; // divides H; H where an invocation is by itself
layout(constant_id = 9) const uint TEAM = 1;
#define SUMMED vec3
#include "team.glsl"

layout(push_constant) uniform Push { uint N, splits; } push;

layout(std430, binding = 0) writeonly buffer Parts { float parts[]; };
ACTIVATION(1, DY, dy);
ACTIVATION(2, X, x);

#include "depthwise_row.glsl"

vec3 products(vec4 d, Row r, uint q) { return vec3(dot(d, before(r, q)), dot(d, r.mid[q]), dot(d, after(r, q))); }

void main() {
    uint id = team();
    const uint across = W / 4u / COLS;
    const uint strips = TEAM == 1u ? across : 1u;            // that are parts of their own
    const uint units = TEAM == 1u ? 1u : across * (H / BAND); // of an image, that a team shares out
    if (id >= C * strips * push.splits) return;
    uint strip = id % strips, c = id / strips % C, split = id / (strips * C);

    vec3 k0 = vec3(0.0), k1 = vec3(0.0), k2 = vec3(0.0);
    for (uint unit = lane();; unit += TEAM) {
        uint n = split + unit / units * push.splits;
        if (n >= push.N) break;
        uint j = (TEAM == 1u ? strip : unit % units % across) * COLS, first = unit % units / across * BAND;
        uint from = plane_at(n, c, C, GX, H * W / 4u), d = plane_at(n, c, C, GD, H * W / 4u);
        Row above = load(from, int(first) - 1, j), here = load(from, int(first), j);
        for (uint top = first; top < first + BAND; top += ROWS) {
            for (uint s = 0u; s < ROWS; s++) {
                uint i = top + s;
                Row below = load(from, int(i) + 1, j);
                for (uint q = 0u; q < COLS; q++) {
                    vec4 g = FETCH(dy, d + i * (W / 4u) + j + q);
                    k0 += products(g, above, q);
                    k1 += products(g, here, q);
                    k2 += products(g, below, q);
                }
                above = here;
                here = below;
            }
        }
    }
    k0 = team_sum(k0);
    k1 = team_sum(k1);
    k2 = team_sum(k2);
    if (lane() > 0u) return;
    uint at = ((split * strips + strip) * C + c) * 9u;
    for (uint v = 0u; v < 3u; v++) {
        parts[at + v] = k0[v];
        parts[at + 3u + v] = k1[v];
        parts[at + 6u + v] = k2[v];
    }
}
