namespace Studio.Engine.Tokenization;

/// <summary>What a tokenizer.json says, checked and in the form the tokenizer works with.</summary>
internal sealed record TokenizerParts(
    TokenTable Table,
    BytePairEncoder Encoder,
    PreTokenizer PreTokenizer,
    bool NormalizesToFormC,
    bool IgnoresMerges,
    IReadOnlyList<AddedToken> AddedTokens);
