#version 450
#extension GL_GOOGLE_include_directive : require
// pointwise_conv2d: y[n,m,r] = sum over k of A[m,k] * x[n,k,r]; formula, shapes and tiling stand in the included file.
#include "pointwise_conv2d.glsl"
