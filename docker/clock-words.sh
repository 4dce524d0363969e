# Reads the part of the skew words (docs/clocks.md) that a real clock can have, for the scripts beside this one:
# an offset such as -10m or 3d4h, and a rate such as x1.0002 or +20ppm. Sets offset_s (seconds) and rate.
read_clock_words() {
  local words word
  offset_s=0
  rate=1
  read -r -a words <<<"$1"
  for word in "${words[@]}"; do
    if [[ $word =~ ^([+-]?[0-9.]+)ppm$ ]]; then
      rate=$(awk -v ppm="${BASH_REMATCH[1]}" 'BEGIN { printf "%.9f", 1 + ppm / 1e6 }')
    elif [[ $word =~ ^x([0-9.]+)$ ]]; then
      rate=${BASH_REMATCH[1]}
    elif [[ $word =~ ^[+-]?([0-9.]+(d|h|m|s|ms))+$ ]]; then
      offset_s=$(awk -v word="$word" 'BEGIN {
        sign = word ~ /^-/ ? -1 : 1
        sub(/^[+-]/, "", word)
        size["d"] = 86400; size["h"] = 3600; size["m"] = 60; size["s"] = 1; size["ms"] = 0.001
        while (match(word, /^[0-9.]+/)) {
          number = substr(word, 1, RLENGTH); word = substr(word, RLENGTH + 1)
          match(word, /^[a-z]+/)
          sum += number * size[substr(word, 1, RLENGTH)]; word = substr(word, RLENGTH + 1)
        }
        printf "%.3f", sign * sum
      }')
    else
      echo "clock '$1': '$word' is nothing that a real clock can have; write an offset such as -10m and a rate such as x1.0002 or +20ppm" >&2
      return 1
    fi
  done
}
