#version 450
#extension GL_GOOGLE_include_directive : require
// pointwise_conv2d: y[n,m,r] = sum over k of A[m,k] * x[n,k,r] over texel buffers; the included file says more.
#include "pointwise_conv2d_texel.glsl"
