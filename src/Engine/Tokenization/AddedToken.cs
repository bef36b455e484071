namespace Studio.Engine.Tokenization;

/// <summary>One entry of "added_tokens" in tokenizer.json.</summary>
/// <param name="Id">Its id, which the vocabulary may list as well.</param>
/// <param name="Content">The text it stands for; not empty.</param>
/// <param name="Special">Controls the model: can be parsed as plain text and left out of decoded text.</param>
/// <param name="SingleWord">Matches only where no word character touches it.</param>
/// <param name="StripLeft">Takes the white space before it along.</param>
/// <param name="StripRight">Takes the white space after it along.</param>
/// <param name="Normalized">Is looked for in the normalized text (and is itself normalized), else in the text as given.</param>
internal sealed record AddedToken(
    int Id, string Content, bool Special, bool SingleWord, bool StripLeft, bool StripRight, bool Normalized);
