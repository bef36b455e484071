using Bunit;
using Studio.Components.Markdown;

namespace Studio.Tests.Components.Markdown;

/// <summary>What the browser gets for a text.</summary>
internal static class MarkdownHtml
{
    /// <summary>The inside of the view's element.</summary>
    public static string Render(string text, TimeLinks? times = null)
    {
        using var context = new BunitContext();
        return context.Render<MarkdownView>(p => p.Add(v => v.Text, text).Add(v => v.Times, times)).Find(".md").InnerHtml;
    }

    public static AngleSharp.Dom.IElement Element(string text, TimeLinks? times = null)
    {
        var context = new BunitContext(); // lives as long as the element
        return context.Render<MarkdownView>(p => p.Add(v => v.Text, text).Add(v => v.Times, times)).Find(".md");
    }
}
