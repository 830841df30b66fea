#version 450
#extension GL_GOOGLE_include_directive : require
// batch_norm2d, second stage: the pieces of batch_norm2d_statistics become the batch's statistics, what normalising needs, and the candidates
// of the running statistics
//   vectors = mean, 1/sqrt(var + EPSILON), weight/sqrt(var + EPSILON), bias      (see channels.glsl)
//   next_mean = (1 - MOMENTUM) * running_mean + MOMENTUM * mean, next_var likewise of var * count/(count-1)
//
//   parts     (S, 2, C): mean and squared deviation of each piece    vectors  (4, C)
//   segments  weight, bias, running_mean, running_var (C each) from the places of the push constants on
//   next      next_mean, next_var (C each), likewise
//
// Pieces hold `piece` values each, the last one what is left of count. One team joins one channel's pieces, an invocation its own in order, with
// the update of Chan, Golub and LeVeque (1979). The candidates wait in their own place until the update commits them, so that a step that
// was not finite leaves the statistics as they were.
//
// With COVARIANCE the statistics are those of y = W x, which is not read: parts are those of input_covariance, (S, 20), and segments has
// w (C, K), K <= 4, from push.conv on. A channel's mean and squared deviation in a piece follow from the means and co-moments of its inputs,
// sum over i of w[c,i] * mean_i and sum over i, j of w[c,i] * w[c,j] * comoment_ij.
//
// kernel batch_norm2d_finish
// kernel batch_norm2d_finish_covariance: COVARIANCE

layout(constant_id = 1) const uint C = 64;
layout(constant_id = 2) const float EPSILON = 1e-5;
layout(constant_id = 3) const float MOMENTUM = 0.1;
#include "channels.glsl"

#ifdef COVARIANCE
layout(constant_id = 4) const uint K = 3;
layout(constant_id = 5) const uint TEAM = 1;
layout(push_constant) uniform Push { uint piece, count, S, weight, bias, mean, var, next_mean, next_var, conv; } push;
#else
layout(constant_id = 4) const uint TEAM = 1;
layout(push_constant) uniform Push { uint piece, count, S, weight, bias, mean, var, next_mean, next_var; } push;
#endif

layout(std430, binding = 0) readonly  buffer Parts { float parts[]; };
layout(std430, binding = 1) readonly  buffer Segments { float segments[]; };
layout(std430, binding = 2) writeonly buffer Vectors { float vectors[]; };
layout(std430, binding = 3) writeonly buffer Next { float next[]; };

// joined are number, mean and squared deviation of what two invocations have.
vec3 joined(vec3 a, vec3 b) {
    if (b.x == 0.0) return a;
    float delta = b.y - a.y, share = b.x / (a.x + b.x);
    return vec3(a.x + b.x, a.y + delta * share, a.z + b.z + delta * delta * a.x * share);
}

#define SUMMED vec3
#define JOINED(a, b) joined(a, b)
#include "team.glsl"

float candidate(float running, float batch) { return (1.0 - MOMENTUM) * running + MOMENTUM * batch; }

void main() {
    uint c = team();
    if (c >= C && TEAM == 1u) return;
    uint begin = c < C ? lane() : push.S;
    float n = 0.0, mean = 0.0, square = 0.0;
#ifdef COVARIANCE
    vec4 row = vec4(0.0);
    if (c < C) for (uint i = 0u; i < K; i++) row[i] = segments[push.conv + c * K + i];
    for (uint s = begin; s < push.S; s += TEAM) {
        uint at = 20u * s;
        float piece = 0.0, moment = 0.0;
        for (uint i = 0u; i < K; i++) {
            piece += row[i] * parts[at + i];
            for (uint j = 0u; j < K; j++) moment += row[i] * row[j] * parts[at + 4u + 4u * i + j];
        }
        float m = float(min(push.piece, push.count - s * push.piece)), all = n + m, delta = piece - mean;
        mean += delta * (m / all);
        square += max(moment, 0.0) + delta * delta * (n * m / all);
        n = all;
    }
#else
    for (uint s = begin; s < push.S; s += TEAM) {
        float m = float(min(push.piece, push.count - s * push.piece));
        float delta = parts[(2u * s) * C + c] - mean;
        float share = m / (n + m);
        mean += delta * share;
        square += parts[(2u * s + 1u) * C + c] + delta * delta * n * share;
        n += m;
    }
#endif
    vec3 all = team_sum(vec3(n, mean, square));
    if (c >= C || lane() > 0u) return;
    n = all.x;
    mean = all.y;
    square = all.z;
    float inverse = 1.0 / sqrt(square / n + EPSILON);
    vectors[MEAN + c] = mean;
    vectors[INVERSE + c] = inverse;
    vectors[SCALE + c] = segments[push.weight + c] * inverse;
    vectors[BIAS + c] = segments[push.bias + c];
    next[push.next_mean + c] = candidate(segments[push.mean + c], mean);
    next[push.next_var + c] = candidate(segments[push.var + c], square / (n - 1.0));
}
