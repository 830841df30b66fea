#version 450
#extension GL_GOOGLE_include_directive : require
// linear: y[n,m] = bias[m] + sum over k of w[m,k] * x[n,k] over texel buffers; the included file says more.
#define BIAS
#include "pointwise_conv2d_texel.glsl"
