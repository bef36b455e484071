namespace Studio.Engine.Vision;

/// <summary>
/// Which patches of a clip became which visual token. Patches count in order of time, row, column within their clip, so
/// frame, row and column follow by division.
/// </summary>
public sealed class MergeGroups
{
    private readonly int[] _slots;   // [clip, patch]: token
    private readonly int[] _members; // [clip, patches by token]: patch
    private readonly int[] _starts;  // [clip, token + 1]: where a token's members start within its clip

    /// <param name="slots">The token of every patch, [clips, patches] in one piece; taken over.</param>
    internal MergeGroups(int[] slots, int clips, int tokens)
    {
        (_slots, Clips, Tokens, Patches) = (slots, clips, tokens, slots.Length / Math.Max(1, clips));
        _members = new int[slots.Length];
        _starts = new int[clips * (tokens + 1)];
        for (var clip = 0; clip < clips; clip++) Sort(clip);
    }

    public int Clips { get; }

    /// <summary>Visual tokens per clip.</summary>
    public int Tokens { get; }

    /// <summary>Patches per clip.</summary>
    public int Patches { get; }

    /// <summary>The token that a patch went into.</summary>
    public int TokenOf(int clip, int patch)
    {
        CheckIndex(clip, Clips, nameof(clip));
        CheckIndex(patch, Patches, nameof(patch));
        return _slots[(clip * Patches) + patch];
    }

    /// <summary>The patches of a token, ascending; at least one.</summary>
    public ReadOnlySpan<int> Members(int clip, int token)
    {
        CheckIndex(clip, Clips, nameof(clip));
        CheckIndex(token, Tokens, nameof(token));
        var starts = _starts.AsSpan(clip * (Tokens + 1), Tokens + 1);
        return _members.AsSpan((clip * Patches) + starts[token], starts[token + 1] - starts[token]);
    }

    /// <summary>Groups of several batches of clips, one after the other, of equal numbers of tokens and patches.</summary>
    internal static MergeGroups Join(IReadOnlyList<MergeGroups> parts) =>
        new([.. parts.SelectMany(p => p._slots)], parts.Sum(p => p.Clips), parts[0].Tokens);

    /// <summary>A counting sort of one clip's patches by token, which keeps patches of a token in order.</summary>
    private void Sort(int clip)
    {
        var slots = _slots.AsSpan(clip * Patches, Patches);
        var members = _members.AsSpan(clip * Patches, Patches);
        var starts = _starts.AsSpan(clip * (Tokens + 1), Tokens + 1);
        foreach (var token in slots) starts[token + 1]++;
        for (var token = 0; token < Tokens; token++) starts[token + 1] += starts[token];

        var next = starts[..Tokens].ToArray();
        for (var patch = 0; patch < Patches; patch++) members[next[slots[patch]]++] = patch;
    }

    private static void CheckIndex(int value, int count, string name)
    {
        if ((uint)value >= (uint)count)
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be from 0 to {count - 1}");
        }
    }
}
