#version 450
#extension GL_GOOGLE_include_directive : require
// depthwise_conv2d_backward_weight, first stage:
//   parts[s,c,u,v] = sum over the s-th piece of (n,i,j) of dy[n,c,i,j] * x[n,c,i+u-1,j+v-1]   (x is 0 outside)
//
//   dy, x   (N/g, C, g, H, W)      float32, W a multiple of 4, g being GD and GX
//   parts   (S, C, 3, 3)           S = splits * W/4; sum_partials adds them up in order
//
// One invocation takes one strip of 4 columns of one channel through the images n = split, split + splits,
// ... and makes all nine taps in one pass: walking down a strip it reads one vec4 of dy and
// one new row of x (a vec4 and the two scalars beside it) for 36 multiply-adds.
#include "dispatch.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint C = 64;
layout(constant_id = 2) const uint H = 32;
layout(constant_id = 3) const uint W = 32;
layout(constant_id = 4) const uint GD = 1;
layout(constant_id = 5) const uint GX = 1;

layout(push_constant) uniform Push { uint N, splits; } push;

layout(std430, binding = 0) readonly  buffer DY { vec4 dy[]; };
layout(std430, binding = 1) readonly  buffer X { float x[]; };
layout(std430, binding = 2) writeonly buffer Parts { float parts[]; };

struct Row { float left; vec4 mid; float right; };

Row load(uint plane, int i, uint j) {
    if (i < 0 || i >= int(H)) return Row(0.0, vec4(0.0), 0.0);
    uint at = plane + uint(i) * W + j;
    return Row(j > 0u ? x[at - 1u] : 0.0,
               vec4(x[at], x[at + 1u], x[at + 2u], x[at + 3u]),
               j + 4u < W ? x[at + 4u] : 0.0);
}

vec3 products(vec4 d, Row r) {
    return vec3(dot(d, vec4(r.left, r.mid.xyz)), dot(d, r.mid), dot(d, vec4(r.mid.yzw, r.right)));
}

void main() {
    uint id = invocation();
    const uint strips = W / 4u;
    if (id >= C * strips * push.splits) return;
    uint strip = id % strips, c = id / strips % C, split = id / (strips * C);
    uint j = strip * 4u;

    vec3 k0 = vec3(0.0), k1 = vec3(0.0), k2 = vec3(0.0);
    for (uint n = split; n < push.N; n += push.splits) {
        uint from = plane_at(n, c, C, GX, H * W), d = plane_at(n, c, C, GD, H * W);
        Row above = Row(0.0, vec4(0.0), 0.0), here = load(from, 0, j);
        for (uint i = 0u; i < H; i++) {
            Row below = load(from, int(i) + 1, j);
            vec4 g = dy[(d + i * W + j) / 4u];
            k0 += products(g, above);
            k1 += products(g, here);
            k2 += products(g, below);
            above = here;
            here = below;
        }
    }
    uint at = ((split * strips + strip) * C + c) * 9u;
    for (uint v = 0u; v < 3u; v++) {
        parts[at + v] = k0[v];
        parts[at + 3u + v] = k1[v];
        parts[at + 6u + v] = k2[v];
    }
}
