#version 450
#extension GL_GOOGLE_include_directive : require
// gradient_norm, first stage: parts[s] = sum of g[i]^2 over the s-th run of the gradients
//
//   g  (count*CHUNK)    parts  (S)
//
// With SCALED g is divided by the loss scale first, so that no square overflows that would not without it
//   status  (64)
//
// One team sums one run of neighbours, side by side.
//
// kernel gradient_norm
// kernel gradient_norm_any: SCALAR
// kernel gradient_norm_texel: TEXEL
// kernel gradient_norm_scaled: SCALED
// kernel gradient_norm_scaled_any: SCALED SCALAR
// kernel gradient_norm_scaled_texel: SCALED TEXEL
#include "fetch.glsl"
#include "chunk.glsl"

layout(constant_id = 1) const uint TEAM = 1;
#define SUMMED float
#include "team.glsl"

layout(push_constant) uniform Push { uint count, run, S; } push; // run: chunks to a part

layout(std430, binding = 0) writeonly buffer Parts { float parts[]; };
#ifdef SCALED
#include "loss_scale.glsl"
layout(std430, binding = 1) readonly  buffer Status { float status[]; };
FLOATS(2, G, g);
#define GRADIENT(i) (READ(g, i) * inverse)
#else
FLOATS(1, G, g);
#define GRADIENT(i) READ(g, i)
#endif

void main() {
    uint s = team();
    if (s >= push.S) return;
#ifdef SCALED
    float inverse = inverse_scale(status[LOSS_SCALE]);
#endif
    chunk sum = chunk(0.0);
    uint end = min((s + 1u) * push.run, push.count), i = s * push.run + lane();
    for (; i + 3u * TEAM < end; i += 4u * TEAM) { // unrolled: what a loop carries goes through memory on CPU drivers
        chunk a = GRADIENT(i), b = GRADIENT(i + TEAM), c = GRADIENT(i + 2u * TEAM), d = GRADIENT(i + 3u * TEAM);
        sum += (a * a + b * b) + (c * c + d * d);
    }
    for (; i < end; i += TEAM) {
        chunk a = GRADIENT(i);
        sum += a * a;
    }
    float all = team_sum(total(sum));
    if (lane() == 0u) parts[s] = all;
}
