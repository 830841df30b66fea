#version 450
#extension GL_GOOGLE_include_directive : require
// gather_normalize: x[n,c,i,j] = table[c, images[indices[n],c,i,j]]
//
//   images   (D,C,H,W)           uint8, four to a word; this window holds samples first .. first+held-1
//   table    (C,256)             what a pixel value becomes: (v/255 - mean) / std
//   indices  (N)
//   x        (N/G, C, G, H, W)   float32
//
// One invocation makes CHUNK neighbouring pixels of x. A data set larger than a storage range is
// cut into windows; the kernel runs once for each and leaves alone what the window does not hold.
//
// kernel gather_normalize
// kernel gather_normalize_any: SCALAR
#include "dispatch.glsl"
#include "chunk.glsl"
#include "fetch.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint C = 3;
layout(constant_id = 2) const uint HW = 1024;
layout(constant_id = 3) const uint G = 1;

layout(push_constant) uniform Push { uint first, held, count; } push; // count = N*C*H*W/CHUNK

layout(std430, binding = 0) readonly  buffer Images { uint images[]; };
layout(std430, binding = 1) readonly  buffer Table { float table[]; };
layout(std430, binding = 2) readonly  buffer Indices { uint indices[]; };
RESULTS(3, X, x);

float value(uint word, uint at, uint c) { return table[c * 256u + (word >> (8u * at) & 255u)]; }

void main() {
    uint i = invocation();
    if (i >= push.count) return;
    Place p = place_of(i, C, G, HW / CHUNK);
    uint sample_ = indices[p.n] - push.first; // wraps to a large number below the window
    if (sample_ >= push.held) return;
    uint byte = (sample_ * C + p.c) * HW + p.r * CHUNK;
    uint word = images[byte / 4u];
#ifdef SCALAR
    STORE(x, i, value(word, byte % 4u, p.c));
#else
    STORE(x, i, vec4(value(word, 0u, p.c), value(word, 1u, p.c), value(word, 2u, p.c), value(word, 3u, p.c)));
#endif
}
