# Sourced by ./cairn and ./test: names what this machine lacks, and how to get it. Sets nothing but functions.

cairn_need_dotnet() {
  if ! command -v dotnet >/dev/null 2>&1; then
    cairn_missing "the .NET 10 SDK (no \`dotnet\` on PATH)" "$CAIRN_GET_DOTNET"
  elif ! dotnet --list-sdks 2>/dev/null | grep -Eq '^(1[0-9])\.'; then
    cairn_missing "the .NET 10 SDK (\`dotnet\` is here, with: $(dotnet --list-sdks 2>/dev/null | cut -d' ' -f1 | paste -sd' ' - | grep . || echo 'no SDK'))" "$CAIRN_GET_DOTNET"
  fi
}

cairn_need_node() {
  if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then
    cairn_missing "Node.js 20 or newer with npm (no \`node\` or no \`npm\` on PATH)" "$CAIRN_GET_NODE"
  elif [ "$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)" -lt 20 ]; then
    cairn_missing "Node.js 20 or newer (\`node --version\` says $(node --version 2>&1))" "$CAIRN_GET_NODE"
  fi
}

cairn_missing() {
  printf 'cairn: this machine lacks %s.\n%s\n' "$1" "$2" >&2
  exit 2
}

CAIRN_GET_DOTNET='  Get it: install the package dotnet-sdk-10.0 from the package feed that Microsoft keeps for Debian,
  or unpack the SDK archive from the .NET download page into a folder and put that folder on PATH.
  Then run the same command again.'
CAIRN_GET_NODE='  Get it: install Node.js 20 LTS or newer (it includes npm) from the Node.js download page or from
  a package feed for Debian that carries it, and put `node` and `npm` on PATH.
  Then run the same command again.'
