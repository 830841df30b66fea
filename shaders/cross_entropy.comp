#version 450
#extension GL_GOOGLE_include_directive : require
// cross_entropy with label smoothing, first stage: softmax, loss, gradient and rank of each sample
//   target[m] = (1 - SMOOTHING) * [m == label] + SMOOTHING / M
//   loss[n] = -sum over m of target[m] * log softmax(logits[n])[m]
//   dlogits[n,m] = (softmax(logits[n])[m] - target[m]) / N      (of the mean loss)
//
//   logits, dlogits  (N/g, M, g), g being GX and GY    labels  (N)
//   samples          (3, N): loss; 1 if the label has the largest logit; 1 if it is among the five largest
//
// With MIXED it is cross_entropy_mixed, of targets (N, 3): label, another label, and the first one's share as a float's bits
//   target[m] = (1 - SMOOTHING) * (share * [m == label] + (1 - share) * [m == other]) + SMOOTHING / M
//
// With SCALED dlogits is multiplied by the loss scale
//   status           (64): its fifth value, as a texel of four
//
// One invocation takes one sample and reads its logits twice: exponentials are recomputed, not stored.
//
// ops: cross_entropy, cross_entropy_mixed
// kernel cross_entropy
// kernel cross_entropy_mixed: MIXED
// kernel cross_entropy_scaled: SCALED
// kernel cross_entropy_mixed_scaled: MIXED SCALED
#include "dispatch.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint M = 100;
layout(constant_id = 2) const uint GX = 1;
layout(constant_id = 3) const uint GY = 1;
layout(constant_id = 4) const float SMOOTHING = 0.1;

layout(push_constant) uniform Push { uint N; } push;

layout(std430, binding = 0) readonly  buffer Logits { float logits[]; };
layout(std430, binding = 1) readonly  buffer Labels { uint labels[]; };
layout(std430, binding = 2) writeonly buffer DLogits { float dlogits[]; };
layout(std430, binding = 3) writeonly buffer Samples { float samples[]; };
#ifdef SCALED
layout(binding = 4) uniform samplerBuffer status;
#define SCALE * texelFetch(status, 1).x
#else
#define SCALE
#endif

void main() {
    uint n = invocation();
    if (n >= push.N) return;
#ifdef MIXED
    uint from = plane_at(n, 0u, M, GX, 1u), to = plane_at(n, 0u, M, GY, 1u), label = labels[3u * n], other = labels[3u * n + 1u];
    float share = uintBitsToFloat(labels[3u * n + 2u]);
#else
    uint from = plane_at(n, 0u, M, GX, 1u), to = plane_at(n, 0u, M, GY, 1u), label = labels[n];
#endif
    float own = logits[from + label * GX];

    float top = own, sum_logits = 0.0;
    uint rank = 0u; // how many classes come before the label
    for (uint m = 0u; m < M; m++) {
        float v = logits[from + m * GX];
        top = max(top, v);
        sum_logits += v - own;
        if (v > own || (v == own && m < label)) rank++;
    }
    float sum = 0.0;
    for (uint m = 0u; m < M; m++) sum += exp(logits[from + m * GX] - top);
    // log softmax(v) = v - top - log(sum); the smoothed part averages it over all classes
    float log_sum = log(sum);
    float own_loss = log_sum + (top - own), mean_loss = own_loss - sum_logits / float(M);
#ifdef MIXED
    float other_loss = log_sum + (top - logits[from + other * GX]);
    samples[n] = (1.0 - SMOOTHING) * (share * own_loss + (1.0 - share) * other_loss) + SMOOTHING * mean_loss;
#else
    samples[n] = (1.0 - SMOOTHING) * own_loss + SMOOTHING * mean_loss;
#endif
    samples[push.N + n] = rank < 1u ? 1.0 : 0.0;
    samples[2u * push.N + n] = rank < 5u ? 1.0 : 0.0;

    for (uint m = 0u; m < M; m++) {
#ifdef MIXED
        float target = SMOOTHING / float(M) + (1.0 - SMOOTHING) * ((m == label ? share : 0.0) + (m == other ? 1.0 - share : 0.0));
#else
        float target = SMOOTHING / float(M) + (m == label ? 1.0 - SMOOTHING : 0.0);
#endif
        dlogits[to + m * GY] = (exp(logits[from + m * GX] - top) / sum - target) / float(push.N) SCALE;
    }
}
