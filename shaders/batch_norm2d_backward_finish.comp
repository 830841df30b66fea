#version 450
#extension GL_GOOGLE_include_directive : require
// batch_norm2d_backward, second stage: the gradients of weight and bias, and what that by x needs
//   dbias[c] = sum over s of parts[s,0,c],  dweight[c] = sum over s of parts[s,1,c]
//   mean_g[c] = dbias[c] / count,  mean_gx[c] = dweight[c] / count / sqrt(var + eps)
//
//   parts  (S, 2, C)    vectors  (6, C), of which the last two are written (see channels.glsl)    dweight, dbias  (C)
//
// One team takes one channel.
layout(constant_id = 1) const uint C = 64;
#include "channels.glsl"
layout(constant_id = 2) const uint TEAM = 1;
#define SUMMED vec2
#include "team.glsl"

layout(push_constant) uniform Push { uint S; float count; } push; // pieces; N*H*W

layout(std430, binding = 0) readonly  buffer Parts { float parts[]; };
layout(std430, binding = 1)           buffer Vectors { float vectors[]; };
layout(std430, binding = 2) writeonly buffer DWeight { float dweight[]; };
layout(std430, binding = 3) writeonly buffer DBias { float dbias[]; };

void main() {
    uint c = team();
    if (c >= C && TEAM == 1u) return;
    vec2 sum = vec2(0.0);
    for (uint s = c < C ? lane() : push.S; s < push.S; s += TEAM) sum += vec2(parts[(2u * s) * C + c], parts[(2u * s + 1u) * C + c]);
    sum = team_sum(sum);
    if (c >= C || lane() > 0u) return;
    dbias[c] = sum.x;
    dweight[c] = sum.y;
    vectors[MEAN_G + c] = sum.x / push.count;
    vectors[MEAN_GX + c] = sum.y / push.count * vectors[INVERSE + c];
}
