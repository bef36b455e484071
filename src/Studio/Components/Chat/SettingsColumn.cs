using Studio.Conversations;
using Studio.ModelHosting;

namespace Studio.Components.Chat;

/// <summary>One way to answer the next question: the form, and what it would cost.</summary>
public sealed class SettingsColumn
{
    public SettingsForm Form { get; set; } = new();

    /// <summary>The latest plan; it may belong to settings of a moment ago.</summary>
    public PlanView? Plan { get; set; }

    /// <summary>Why there is no plan.</summary>
    public string? Problem { get; set; }

    /// <summary>A newer plan is being made.</summary>
    public bool IsStale { get; set; }

    /// <summary>The settings, or null while the form has errors.</summary>
    public AnswerSettings? Value => Form.Value;
}
