#version 450
#extension GL_GOOGLE_include_directive : require
// linear: y[n,m] = bias[m] + sum over k of w[m,k] * x[n,k]. With all N images in one panel, x is (K,N) and the
// product is a pointwise convolution over N pixels: the included file does both.
#define BIAS
#include "pointwise_conv2d.glsl"
