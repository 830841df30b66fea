#version 450
#extension GL_GOOGLE_include_directive : require
// adamw, running_statistics and ema in one pass over flat memory; adamw.comp and ema.comp have the formulas
//
//   gradients  (ALL vec4s)  the gradient of the first COUNT, the candidates of the statistics behind them
//   model      (ALL)        parameters, then statistics      average  (ALL)
//   moments    (2, COUNT)   m, v
//   status     clip factor, not-finite flag    rates  lr, lr/(1-BETA1^t), 1/sqrt(1-BETA2^t), made by the host
//
// With COUNTED the two factors are in status, as in adamw.comp.
//
// Nothing is written once a step was not finite.
// kernel adamw_ema
// kernel adamw_ema_counted: COUNTED
#include "dispatch.glsl"

layout(constant_id = 1) const uint COUNT = 1;
layout(constant_id = 2) const uint ALL = 1;
layout(constant_id = 3) const uint DECAYED = 1; // the first so many of COUNT decay
layout(constant_id = 4) const float BETA1 = 0.9;
layout(constant_id = 5) const float BETA2 = 0.999;
layout(constant_id = 6) const float EPSILON = 1e-8;
layout(constant_id = 7) const float DECAY = 0.0;
layout(constant_id = 8) const float GAIN1 = 0.1;   // 1 - BETA1 and 1 - BETA2, taken in float64: here they
layout(constant_id = 9) const float GAIN2 = 0.001; // would carry the rounding of BETA; so is 1 - the average's decay
layout(constant_id = 10) const float GAIN = 0.005;

layout(std430, binding = 0)           buffer Model { vec4 model[]; };
layout(std430, binding = 1)           buffer Moments { vec4 moments[]; };
layout(std430, binding = 2)           buffer Average { vec4 average[]; };
layout(std140, binding = 3) uniform Rates { vec4 rates; };
layout(binding = 4) uniform samplerBuffer status;
layout(binding = 5) uniform samplerBuffer gradients;
#ifdef COUNTED
#define MOMENT_RATE (rates.x * s.z)
#define VARIANCE_FACTOR s.w
#else
#define MOMENT_RATE rates.y
#define VARIANCE_FACTOR rates.z
#endif

void main() {
    uint i = invocation();
    vec4 s = texelFetch(status, 0);
    if (i >= ALL || s.y != 0.0) return;
    vec4 p, g = texelFetch(gradients, int(i));
    if (i < COUNT) {
        g *= s.x;
        p = model[i];
        vec4 m = BETA1 * moments[i] + GAIN1 * g;
        vec4 v = BETA2 * moments[COUNT + i] + GAIN2 * g * g;
        moments[i] = m;
        moments[COUNT + i] = v;
        p -= rates.x * (i < DECAYED ? DECAY : 0.0) * p;
        p -= MOMENT_RATE * m / (sqrt(v) * VARIANCE_FACTOR + EPSILON);
    } else {
        p = g;
    }
    model[i] = p;
    average[i] += GAIN * (p - average[i]);
}
