#!/bin/sh
# Copies what each app needs at run time from the working directory to OUT/APP, and what all apps need to OUT/common.
# The images share one layer of OUT/common.
# usage: assemble OUT
set -eu
out=$1
lists=$(mktemp -d)

for app in apps/*; do
  # One line per installed package that the app reaches. TypeScript is an optional peer that only a compiler needs.
  npm ls --workspace "$app" --omit=dev --all --parseable |
    sed -n "s#^$PWD/\(node_modules/.*\)#\1#p" | grep -v '/typescript$' | sort -u > "$lists/$(basename "$app")"
done
cat "$lists"/* | sort | uniq -c | awk -v apps="$(find "$lists" -type f | wc -l)" '$1 == apps { print $2 }' > "$lists/common"

for list in "$lists"/*; do
  target=$out/$(basename "$list")
  mkdir -p "$target"
  if [ "$list" = "$lists/common" ]; then cat "$list"; else grep -vxFf "$lists/common" "$list"; fi |
    while read -r package; do
      cp -a --parents "$package" "$target"
      # A package of this repository is a link to its directory, of which an app needs what was compiled.
      if [ -L "$package" ]; then
        directory=$(realpath --relative-to=. "$package")
        for part in package.json dist models; do
          if [ -e "$directory/$part" ]; then cp -a --parents "$directory/$part" "$target"; fi
        done
      fi
    done
done

# Nothing reads type declarations, source maps of dependencies, or binaries for other systems at run time.
find "$out" -type f \( -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.tsbuildinfo' \) -delete
find "$out" -type f -path '*/node_modules/*' -name '*.map' -delete
find "$out" -type d -path '*/onnxruntime-node/bin/napi-v*/*/*' ! -path "*/linux/$(node -p process.arch)" -prune -exec rm -r {} +
find "$out" -type d -path '*/usearch/prebuilds/*' ! -name "linux-$(node -p process.arch)" -prune -exec rm -r {} +
rm -r "$lists"
