#version 450
#extension GL_GOOGLE_include_directive : require
// batch_norm2d_eval, first stage: of the running statistics what normalising needs
//   vectors = mean, 1/sqrt(var + EPSILON), weight/sqrt(var + EPSILON), bias      (see channels.glsl)
//
//   segments  weight, bias, running_mean, running_var (C each) from the places of the push constants on    vectors  (4, C)
#include "dispatch.glsl"

layout(constant_id = 1) const uint C = 64;
layout(constant_id = 2) const float EPSILON = 1e-5;
#include "channels.glsl"

layout(push_constant) uniform Push { uint weight, bias, mean, var; } push;

layout(std430, binding = 0) readonly  buffer Segments { float segments[]; };
layout(std430, binding = 1) writeonly buffer Vectors { float vectors[]; };

void main() {
    uint c = invocation();
    if (c >= C) return;
    float inverse = 1.0 / sqrt(segments[push.var + c] + EPSILON);
    vectors[MEAN + c] = segments[push.mean + c];
    vectors[INVERSE + c] = inverse;
    vectors[SCALE + c] = segments[push.weight + c] * inverse;
    vectors[BIAS + c] = segments[push.bias + c];
}
