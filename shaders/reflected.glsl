// reflected is the place inside of 0..size-1 whose mirror image a place outside is, which for one below 0 has wrapped.
uint reflected(uint at, uint size) {
    int from = abs(int(at)), last = int(size) - 1;
    return uint(last - abs(last - from));
}
