#version 450
#extension GL_GOOGLE_include_directive : require
// linear in shared memory: y[n,m] = bias[m] + sum over k of w[m,k] * x[n,k]; the included file says more.
#define BIAS
#include "pointwise_conv2d_shared.glsl"
