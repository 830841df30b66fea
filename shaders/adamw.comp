#version 450
#extension GL_GOOGLE_include_directive : require
// adamw (Loshchilov and Hutter, 2019, as torch.optim.AdamW):
//   g = clip * gradient;  p -= lr * DECAY * p;  m = BETA1 m + (1-BETA1) g;  v = BETA2 v + (1-BETA2) g^2
//   p -= lr/(1-BETA1^t) * m / (sqrt(v) / sqrt(1-BETA2^t) + EPSILON)
//
//   gradients, parameters  (COUNT*CHUNK)    moments  (2, COUNT*CHUNK): m, v
//   status  clip factor, not-finite flag    rates  lr, lr/(1-BETA1^t), 1/sqrt(1-BETA2^t), made by the host
//
// With COUNTED the two factors follow from the device's own count of updates: rates is the learning rate alone, status goes on with
//   1/(1-BETA1^t), 1/sqrt(1-BETA2^t)
//
// One pass over flat memory. Nothing is written once a step was not finite.
//
// kernel adamw
// kernel adamw_any: SCALAR
// kernel adamw_counted: COUNTED
// kernel adamw_counted_any: COUNTED SCALAR
#include "dispatch.glsl"
#include "chunk.glsl"

layout(constant_id = 1) const uint COUNT = 1;
layout(constant_id = 2) const uint DECAYED = 1; // the first so many of COUNT decay
layout(constant_id = 3) const float BETA1 = 0.9;
layout(constant_id = 4) const float BETA2 = 0.999;
layout(constant_id = 5) const float EPSILON = 1e-8;
layout(constant_id = 6) const float DECAY = 0.0;
layout(constant_id = 7) const float GAIN1 = 0.1;   // 1 - BETA1 and 1 - BETA2, taken in float64: here they
layout(constant_id = 8) const float GAIN2 = 0.001; // would carry the rounding of BETA

layout(std430, binding = 0) readonly  buffer Gradients { chunk gradients[]; };
layout(std430, binding = 1) readonly  buffer Status { float status[]; };
layout(std430, binding = 2)           buffer Parameters { chunk parameters[]; };
layout(std430, binding = 3)           buffer Moments { chunk moments[]; };
layout(std140, binding = 4) uniform Rates { vec4 rates; };
#ifdef COUNTED
#define MOMENT_RATE (rates.x * status[2])
#define VARIANCE_FACTOR status[3]
#else
#define MOMENT_RATE rates.y
#define VARIANCE_FACTOR rates.z
#endif

void main() {
    uint i = invocation();
    if (i >= COUNT || status[1] != 0.0) return;
    chunk g = gradients[i] * status[0], p = parameters[i];
    chunk m = BETA1 * moments[i] + GAIN1 * g;
    chunk v = BETA2 * moments[COUNT + i] + GAIN2 * g * g;
    moments[i] = m;
    moments[COUNT + i] = v;
    p -= rates.x * (i < DECAYED ? DECAY : 0.0) * p;
    parameters[i] = p - MOMENT_RATE * m / (sqrt(v) * VARIANCE_FACTOR + EPSILON);
}
