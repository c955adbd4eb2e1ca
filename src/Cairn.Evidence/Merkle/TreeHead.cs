namespace Cairn.Evidence.Merkle;

/// <summary>A tree's size in leaves and its root hash.</summary>
public readonly record struct TreeHead(long Size, Digest Root);
