#version 450
#extension GL_GOOGLE_include_directive : require
// gradient_norm, second stage: norm = sqrt(sum of parts), the factor that clips to it, and the sticky flag
//   status[0] = CLIP > 0 ? min(1, CLIP / (norm + 1e-6)) : 1      (torch.nn.utils.clip_grad_norm_)
//   status[1] = 1 from the first norm on that is not finite
//
//   parts  (S)    status  (64)    norm  (4): the norm, the flag
//
// One team does it all; an invocation's sum is compensated (Kahan), so that one by itself is as exact as its terms.
#include "finite.glsl"

layout(constant_id = 1) const float CLIP = 1.0;
layout(constant_id = 2) const uint TEAM = 1;
#define SUMMED float
#include "team.glsl"

layout(push_constant) uniform Push { uint S; } push;

layout(std430, binding = 0) readonly  buffer Parts { float parts[]; };
layout(std430, binding = 1)           buffer Status { float status[]; };
layout(std430, binding = 2) writeonly buffer Norm { float norm[]; };

void main() {
    if (team() > 0u && TEAM == 1u) return;
    precise float sum = 0.0, lost = 0.0;
    for (uint s = lane(); s < push.S; s += TEAM) {
        precise float term = parts[s] - lost, next = sum + term;
        lost = finite(next) ? (next - sum) - term : 0.0;
        sum = next;
    }
    sum = team_sum(sum);
    if (invocation() > 0u) return;
    float length = sqrt(sum), flag = finite(sum) ? status[1] : 1.0;
    status[0] = CLIP > 0.0 ? min(1.0, CLIP / (length + 1e-6)) : 1.0;
    status[1] = flag;
    norm[0] = length;
    norm[1] = flag;
    norm[2] = norm[3] = 0.0;
}
