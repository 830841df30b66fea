#version 450
#extension GL_GOOGLE_include_directive : require
// sgd with momentum (torch.optim.SGD, weight decay added to the gradient):
//   g = clip * gradient + DECAY * p;  b = MOMENTUM b + g;  p -= lr * (NESTEROV ? g + MOMENTUM b : b)
//
//   gradients, parameters, moments  (COUNT*CHUNK); moments holds b
//   status  clip factor, not-finite flag    rates  lr
//
// One pass over flat memory. Nothing is written once a step was not finite.
//
// kernel sgd
// kernel sgd_any: SCALAR
#include "dispatch.glsl"
#include "chunk.glsl"

layout(constant_id = 1) const uint COUNT = 1;
layout(constant_id = 2) const uint DECAYED = 1; // the first so many of COUNT decay
layout(constant_id = 3) const float MOMENTUM = 0.9;
layout(constant_id = 4) const float DECAY = 0.0;
layout(constant_id = 5) const bool NESTEROV = false;

layout(std430, binding = 0) readonly  buffer Gradients { chunk gradients[]; };
layout(std430, binding = 1) readonly  buffer Status { float status[]; };
layout(std430, binding = 2)           buffer Parameters { chunk parameters[]; };
layout(std430, binding = 3)           buffer Moments { chunk moments[]; };
layout(std140, binding = 4) uniform Rates { vec4 rates; };

void main() {
    uint i = invocation();
    if (i >= COUNT || status[1] != 0.0) return;
    chunk p = parameters[i], g = gradients[i] * status[0] + (i < DECAYED ? DECAY : 0.0) * p;
    chunk b = MOMENTUM * moments[i] + g;
    moments[i] = b;
    parameters[i] = p - rates.x * (NESTEROV ? g + MOMENTUM * b : b);
}
