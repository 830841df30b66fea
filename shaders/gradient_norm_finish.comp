#version 450
#extension GL_GOOGLE_include_directive : require
// gradient_norm, second stage: norm = sqrt(sum of parts), the factor that clips to it, and the sticky flag
//   status[0] = CLIP > 0 ? min(1, CLIP / (norm + 1e-6)) : 1      (torch.nn.utils.clip_grad_norm_)
//   status[1] = 1 from the first norm on that is not finite
//
//   parts  (S)    status  (64)    norm  (4): the norm, the flag
//
// With SCALED the gradients are those of a scaled loss: the factor takes the scale out, and the flag is that of this step alone
//   overflow, a norm that is not finite:  status[1] = 1, the scale halves down to 1, steps skipped and overflows in a row at 1 are counted
//   otherwise:  status[1] = 0, one more update t is done, status[2], status[3] = corrections[min(t, T) - 1], and after so many updates in a
//               row the scale doubles
//
//   corrections  (T, 2)    norm  the norm, whether the training has diverged, whether the step is skipped, the step's scale
//
// One team does it all; an invocation's sum is compensated (Kahan), so that one by itself is as exact as its terms.
//
// kernel gradient_norm_finish
// kernel gradient_norm_finish_scaled: SCALED
#include "finite.glsl"
#ifdef SCALED
#include "loss_scale.glsl"
#endif

layout(constant_id = 1) const float CLIP = 1.0;
layout(constant_id = 2) const uint TEAM = 1;
#define SUMMED float
#include "team.glsl"

#ifdef SCALED
layout(push_constant) uniform Push { uint S, T; } push;
#else
layout(push_constant) uniform Push { uint S; } push;
#endif

layout(std430, binding = 0) readonly  buffer Parts { float parts[]; };
layout(std430, binding = 1)           buffer Status { float status[]; };
layout(std430, binding = 2) writeonly buffer Norm { float norm[]; };
#ifdef SCALED
layout(std430, binding = 3) readonly  buffer Corrections { vec2 corrections[]; };

// advance does what follows from an update that is done; it returns the next step's scale.
float advance(float scale) {
    float t = status[UPDATES];
    uint run = uint(status[GOOD_STEPS]) + 1u;
    vec2 correction = corrections[min(uint(t), push.T - 1u)];
    status[MOMENT_SCALE] = correction.x;
    status[VARIANCE_ROOT] = correction.y;
    status[UPDATES] = t + 1.0;
    status[STUCK] = 0.0;
    status[GOOD_STEPS] = float(run % SCALE_INTERVAL);
    return run < SCALE_INTERVAL ? scale : min(2.0 * scale, LARGEST_SCALE);
}

// retreat does what follows from an overflow; it returns the next step's scale.
float retreat(float scale) {
    status[GOOD_STEPS] = 0.0;
    status[SKIPPED] += 1.0;
    status[STUCK] = scale > 1.0 ? 0.0 : status[STUCK] + 1.0;
    return max(1.0, 0.5 * scale);
}
#endif

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
    float length = sqrt(sum);
#ifdef SCALED
    float scale = status[LOSS_SCALE];
    bool good = finite(sum);
    status[LOSS_SCALE] = good ? advance(scale) : retreat(scale);
    status[CLIP_FACTOR] = (CLIP > 0.0 ? min(1.0, CLIP / (length + 1e-6)) : 1.0) * inverse_scale(scale);
    status[NOT_FINITE] = good ? 0.0 : 1.0;
    norm[0] = length;
    norm[1] = status[STUCK] < SCALE_ATTEMPTS ? 0.0 : 1.0;
    norm[2] = good ? 0.0 : 1.0;
    norm[3] = scale;
#else
    float flag = finite(sum) ? status[1] : 1.0;
    status[0] = CLIP > 0.0 ? min(1.0, CLIP / (length + 1e-6)) : 1.0;
    status[1] = flag;
    norm[0] = length;
    norm[1] = flag;
    norm[2] = norm[3] = 0.0;
#endif
}
