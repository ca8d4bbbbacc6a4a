# shellcheck shell=bash
# Sourced by vm: Debian's kernel, unpacked, and the initial RAM file system with the drivers a guest needs.

# Drivers in the snapshot. Others load on demand from the kernel's module tree.
drivers="virtio_pci virtio_console virtio_rng 9pnet_virtio 9p overlay
    ip_vs ip_vs_rr ip_vs_wrr ip_vs_lc ip_vs_wlc ip_vs_sh ip_vs_mh
    nf_conntrack_netlink nf_tables nft_ct nft_numgen nft_chain_nat
    veth bridge dummy ipip macvlan tun"

# The packages that linux-image-amd64 stands for: one in older suites, up to four in newer ones.
kernel_packages() {
    depends() { apt-cache "${apt[@]}" depends "$1" | sed -n "s/.*Depends: \\(linux-$2-[0-9]\\)/\\1/p"; }
    local image
    image=$(depends linux-image-amd64 image)
    echo "$image"
    depends "$image" base
    depends "$image" binary
    depends "$image" modules
}

# Makes apt see one suite alone, through lists of its own. Fills "apt".
other_suite() {
    local dir=$cache/apt/$suite mirror
    # shellcheck disable=SC2016 # apt fills this in
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -n 1)
    mkdir -p "$dir/lists/partial"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$dir/sources.list"
    apt=(-o "Dir::Etc::SourceList=$dir/sources.list" -o Dir::Etc::SourceParts=/dev/null -o "Dir::State::Lists=$dir/lists")
}

# Into $tree: vmlinux and lib/modules.
fetch_kernel() {
    local part apt=()
    say "fetching Debian's kernel ($suite), about 70 MB"
    [ "$suite" = "$(. /etc/os-release && echo "$VERSION_CODENAME")" ] || other_suite
    apt_get "${apt[@]}" update >/dev/null || say "apt-get update failed; trying with the lists at hand"
    rm -rf "$tree.new"; mkdir -p "$tree.new"; cd "$tree.new" || die "no $tree.new"
    for part in $(kernel_packages); do
        apt_get "${apt[@]}" download "$part" >/dev/null || die "cannot download $part"
    done
    say "unpacking it"
    for part in ./*.deb; do # not every one has all of these
        dpkg-deb --fsys-tarfile "$part" | tar -x --wildcards --no-anchored 'vmlinuz*' 'modules.*' '*.ko' '*.ko.xz' \
            --exclude '*/drivers/gpu' --exclude '*/drivers/media' --exclude '*/sound' --exclude '*/drivers/scsi' \
            --exclude '*/drivers/net/ethernet' --exclude '*/drivers/net/wireless' 2>/dev/null
    done
    [ ! -d usr/lib/modules ] || { mkdir -p lib; mv usr/lib/modules lib/; }
    depmod -b . "$(ls lib/modules)"
    unpack_vmlinuz "$(find . -name 'vmlinuz*')" >vmlinux || die "cannot unpack the kernel"
    rm -f ./*.deb
    cd / && rm -rf "$tree" && mv "$tree.new" "$tree"
}

# QEMU starts an uncompressed kernel two to three times sooner. The header of vmlinuz (Linux boot protocol,
# payload_offset and payload_length) says where its compressed payload lies; its last four bytes are the unpacked length.
unpack_vmlinuz() { # FILE
    local start size
    start=$(($(od -An -tu4 -j584 -N4 "$1") + 512 * (1 + $(od -An -tu1 -j497 -N1 "$1"))))
    size=$(($(od -An -tu4 -j588 -N4 "$1") - 4))
    payload() { tail -c "+$((start + 1))" "$1" | head -c "$size"; }
    case $(payload "$1" | head -c 4 | od -An -tx1 | tr -d ' ') in
        fd377a58) payload "$1" | xz -dc ;;
        28b52ffd) payload "$1" | zstd -dcq ;;
        02214c18) payload "$1" | lz4 -dcq ;;
        1f8b*) payload "$1" | gzip -dc ;;
        *) die "$1: unknown compression" ;;
    esac
}

build_initrd() {
    local dir release module file
    release=$(ls "$tree/lib/modules")
    dir=$(mktemp -d)
    mkdir "$dir/bin" "$dir/modules"
    cp "$(command -v busybox)" "$dir/bin/busybox"
    cp "$here/init.sh" "$dir/init" && chmod 755 "$dir/init"
    for module in $drivers; do
        modprobe -d "$tree" -S "$release" --show-depends "$module" | sed -n 's/^insmod \([^ ]*\).*/\1/p'
    done | awk '!seen[$0]++' | while read -r file; do
        case $file in
            *.xz) xz -dc "$file" >"$dir/modules/$(basename "$file" .xz)" ;;
            *) cp "$file" "$dir/modules/" ;;
        esac
        basename "$file" .xz >>"$dir/modules/order"
    done
    (cd "$dir" && find . | cpio -o -H newc --quiet) >"$tree/initrd"
    rm -rf "$dir"
}
