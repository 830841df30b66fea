#version 450
#extension GL_GOOGLE_include_directive : require
// batch_norm2d_backward, second stage: the gradients of weight and bias, and what that by x needs
//   dbias[c] = sum over s of parts[s,0,c],  dweight[c] = sum over s of parts[s,1,c]
//   mean_g[c] = dbias[c] / count,  mean_gx[c] = dweight[c] / count / sqrt(var + eps)
//
//   parts  (S, 2, C)    vectors  (6, C), of which the last two are written (see channels.glsl)    dweight, dbias  (C)
#include "dispatch.glsl"

layout(constant_id = 1) const uint C = 64;
#include "channels.glsl"

layout(push_constant) uniform Push { uint S; float count; } push; // pieces; N*H*W

layout(std430, binding = 0) readonly  buffer Parts { float parts[]; };
layout(std430, binding = 1)           buffer Vectors { float vectors[]; };
layout(std430, binding = 2) writeonly buffer DWeight { float dweight[]; };
layout(std430, binding = 3) writeonly buffer DBias { float dbias[]; };

void main() {
    uint c = invocation();
    if (c >= C) return;
    float sum = 0.0, product = 0.0;
    for (uint s = 0u; s < push.S; s++) {
        sum += parts[(2u * s) * C + c];
        product += parts[(2u * s + 1u) * C + c];
    }
    dbias[c] = sum;
    dweight[c] = product;
    vectors[MEAN_G + c] = sum / push.count;
    vectors[MEAN_GX + c] = product / push.count * vectors[INVERSE + c];
}
