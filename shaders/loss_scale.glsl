// The places in the status that the loss scale takes, and its constants; package engine has their meaning.
#ifndef LOSS_SCALE_GLSL
#define LOSS_SCALE_GLSL

#define CLIP_FACTOR 0
#define NOT_FINITE 1
#define MOMENT_SCALE 2
#define VARIANCE_ROOT 3
#define LOSS_SCALE 4
#define GOOD_STEPS 5
#define UPDATES 6
#define STUCK 7
#define SKIPPED 8

#define SCALE_INTERVAL 2000u
#define SCALE_ATTEMPTS 20.0
#define LARGEST_SCALE uintBitsToFloat(253u << 23) // 2^126: the inverse is a normal number, too

// inverse_scale is 1 / scale of a power of two: exactly, which a division need not be.
float inverse_scale(float scale) { return uintBitsToFloat((254u << 23) - floatBitsToUint(scale)); }

#endif
