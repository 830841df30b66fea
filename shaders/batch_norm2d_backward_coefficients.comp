#version 450
#extension GL_GOOGLE_include_directive : require
// batch_norm2d_backward, third stage: what the gradient by x needs of a channel, side by side in one window
//   coef[0,c] = mean,                     coef[1,c] = weight / sqrt(var + eps),
//   coef[2,c] = mean over n,r of dy,      coef[3,c] = mean over n,r of dy*xhat, divided by sqrt(var + eps)
//
//   sums  (2, C) by batch_norm2d_backward_finish    saved  (2, C)    weight  (C)    coef  (4, C)
#include "dispatch.glsl"

layout(constant_id = 1) const uint C = 64;

layout(push_constant) uniform Push { float count; } push; // N*H*W

layout(std430, binding = 0) readonly  buffer Sums { float sums[]; };
layout(std430, binding = 1) readonly  buffer Saved { float saved[]; };
layout(std430, binding = 2) readonly  buffer Weight { float weight[]; };
layout(std430, binding = 3) writeonly buffer Coef { float coef[]; };

void main() {
    uint c = invocation();
    if (c >= C) return;
    coef[c] = saved[c];
    coef[C + c] = weight[c] * saved[C + c];
    coef[2u * C + c] = sums[c] / push.count;
    coef[3u * C + c] = sums[C + c] / push.count * saved[C + c];
}
