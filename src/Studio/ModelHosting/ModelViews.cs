namespace Studio.ModelHosting;

/// <summary>An installed model.</summary>
/// <param name="Name">As <see cref="Conversations.AnswerSettings.Model"/> takes it.</param>
/// <param name="IsDefault">Whether it answers where none is chosen.</param>
/// <param name="Source">built-in, hub or reference.</param>
/// <param name="Architecture">The checkpoint's model type.</param>
/// <param name="Bytes">Of all files.</param>
/// <param name="Parameters">Of all weights.</param>
/// <param name="ContextLength">Tokens that the decoder was trained for.</param>
/// <param name="DefaultCompression">As the checkpoint says: TYPE:LAYERS:RATIOS or off.</param>
/// <param name="Licence">From the model card's header, where it has one.</param>
/// <param name="Summary">First paragraph of the model card, where it has one; plain text.</param>
/// <param name="Note">What a person should know: of the built-in model that its words mean nothing.</param>
/// <param name="Problem">Why it cannot be used, or null.</param>
public sealed record ModelCard(
    string Name, bool IsDefault, string Source, string? HubId, string? Commit, DateTimeOffset? Added, string Architecture, long Bytes, long Parameters,
    ModelGeometry? Geometry, int ContextLength, string DefaultCompression, string? Licence, string? Summary, string? Note, string? Problem, ModelState State);

/// <summary>Sizes of a model.</summary>
/// <param name="Tower">The vision tower's name.</param>
/// <param name="ImageSize">Pixels along a side of what the tower sees.</param>
/// <param name="FramesPerClip">Frames encoded together.</param>
/// <param name="TokensPerFrame">Visual tokens of a frame after merging.</param>
/// <param name="Layers">Of the decoder.</param>
/// <param name="KvBytesPerToken">Cache of one token in all layers, in the server's type.</param>
public sealed record ModelGeometry(
    string Tower, int ImageSize, int FramesPerClip, int TokensPerFrame, int Layers, int HiddenSize, int Heads, int KeyValueHeads, int VocabularySize, long KvBytesPerToken);

/// <summary>Whether a model is in memory.</summary>
/// <param name="WeightBytes">0 when it is not loaded.</param>
/// <param name="ConversationBytes">Key/value caches kept for further questions.</param>
/// <param name="Conversations">How many.</param>
/// <param name="LastUsed">Null when it is not loaded.</param>
public sealed record ModelState(bool IsLoaded, long WeightBytes, long ConversationBytes, int Conversations, DateTimeOffset? LastUsed);

/// <summary>What the models hold.</summary>
/// <param name="Device">cpu or cuda:N.</param>
/// <param name="Dtype">fp32, bf16 or fp16.</param>
/// <param name="MaxLoaded">Models kept at once.</param>
/// <param name="BudgetBytes">Weights and caches kept at most; what was used longest ago goes first.</param>
/// <param name="VisualTokenBytes">Visual tokens kept in memory.</param>
/// <param name="VisualTokenDiskBytes">Visual tokens kept on disk.</param>
public sealed record ModelMemory(
    string Device, string Dtype, int Loaded, int MaxLoaded, long WeightBytes, long ConversationBytes, long BudgetBytes, long VisualTokenBytes, long VisualTokenDiskBytes);

/// <summary>A piece of work on a model that takes a while.</summary>
/// <param name="Kind">pull or verify.</param>
/// <param name="Model">Its name in the store.</param>
/// <param name="State">running, done, failed or cancelled.</param>
/// <param name="Detail">The file and what is done with it.</param>
/// <param name="Done">Bytes.</param>
/// <param name="Total">Bytes; 0 while unknown.</param>
/// <param name="Problems">What verifying found, or why it failed; empty when all is well.</param>
public sealed record ModelTask(
    string Id, string Kind, string Model, string State, string Detail, long Done, long Total, IReadOnlyList<string> Problems, DateTimeOffset StartedAt, DateTimeOffset? EndedAt)
{
    public bool IsRunning => State == "running";
}

/// <summary>A model that can be pulled.</summary>
public sealed record PublishedModel(string HubId, string ShortName, bool IsInstalled);
