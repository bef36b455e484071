namespace Studio.Engine.World;

/// <summary>The wordings of questions. {0} is what the question names.</summary>
internal static class QuestionText
{
    public static readonly string[] AppearsOpen = ["Which object appears in the video?", "What is shown in the video?", "What object can be seen in this video?"];

    public static readonly string[] AppearsLettered = ["Which of these objects appears in the video?", "Which of these can be seen in the video?", "Which one of these is shown in the video?"];

    public static readonly string[] Where = ["Where in the picture is the {0}?", "In which part of the picture is the {0}?", "Where is the {0}?"];

    public static readonly string[] WhenTime = ["When does the {0} appear?", "At what time does the {0} come into view?", "At which moment is the {0} first seen?"];

    public static readonly string[] WhenQuarter = ["In which quarter of the video does the {0} appear?", "Which quarter of the video shows the {0}?"];

    public static readonly string[] HowMany = ["How many {0} are shown at once?", "How many {0} can be counted?", "What is the number of {0} in the picture?"];

    public static readonly string[] HowOften = ["How many times does the {0} appear?", "How often is the {0} shown?"];

    // Questions about an order: {0} is the list of the objects that are meant, {1} the one beside which another is looked for.
    public static readonly string[] First = ["Which object appears first?", "Which of the objects is shown first?", "What appears first?"];

    public static readonly string[] Last = ["Which object appears last?", "Which of the objects is shown last?", "What appears last?"];

    public static readonly string[] After = ["Which object appears right after the {1}?", "What is shown next after the {1}?"];

    public static readonly string[] Before = ["Which object appears right before the {1}?", "What is shown just before the {1}?"];

    // In a haystack other objects come and go: the question says which ones it means, or its options do.
    public static readonly string[] FirstOfThese = ["Which of these objects appears first?", "Which of these is shown first?"];

    public static readonly string[] LastOfThese = ["Which of these objects appears last?", "Which of these is shown last?"];

    public static readonly string[] AfterOfThese = ["Which of these objects appears next after the {1}?", "Which of these is shown next after the {1}?"];

    public static readonly string[] BeforeOfThese = ["Which of these objects appears just before the {1}?", "Which of these is shown just before the {1}?"];

    public static readonly string[] FirstOf = ["Which of these objects appears first: {0}?", "Of {0}, which is shown first?"];

    public static readonly string[] LastOf = ["Which of these objects appears last: {0}?", "Of {0}, which is shown last?"];

    public static readonly string[] AfterOf = ["Of {0}, which is shown next after the {1}?", "Which of these objects appears next after the {1}: {0}?"];

    public static readonly string[] BeforeOf = ["Of {0}, which is shown just before the {1}?", "Which of these objects appears just before the {1}: {0}?"];

    public static readonly string[] Direction = ["In which direction does the {0} move?", "Which way does the {0} go?", "Where does the {0} move to?"];

    public static readonly string[] Presence = ["Does the video show {0}?", "Can {0} be seen in the video?", "Is there {0} in the video?"];

    public static readonly string[] PresencePlural = ["Does the video show {0}?", "Can {0} be seen in the video?", "Are there {0} in the video?"];

    public static readonly string[] Colour = ["What colour is the {0}?", "Which colour does the {0} have?"];

    public static readonly string[] ColourPlural = ["What colour are the {0}?", "Which colour do the {0} have?"];

    public static readonly string[] Mark = ["What is written in the video?", "Which sign is written in the picture?", "What does the white plate say?"];

    public static readonly string[] DescribeOpen = ["Describe the clip.", "What happens in the video?", "Describe what the video shows."];

    public static readonly string[] DescribeLettered = ["Which description fits the video?", "What happens in the video?"];

    public static readonly string[] CardPicture = ["Which picture is on the card{0}?", "What does the picture card{0} show?", "Find the picture card{0}. What is on it?"];

    public static readonly string[] CardColour = ["Which colour is the frame of the card{0}?", "What colour is the frame around the card{0}?"];

    public static readonly string[] CardMark = ["Which number is on the card{0}?", "What number is written on the card{0}?"];

    public static readonly string[] ChainPicture =
    [
        "Start at the card that shows the {0} and follow the arrows from picture to picture. Which picture ends the chain?",
        "The card with the {0} points to the next picture. Follow the arrows: which picture comes last?",
    ];

    public static readonly string[] ChainColour = ["Start at the card that shows the {0} and follow the arrows from picture to picture. Which colour is the frame of the last card?"];

    public static readonly string[] ChainMark = ["Start at the card that shows the {0} and follow the arrows from picture to picture. Which number is on the last card?"];

    public static readonly string[] Directions = ["left", "right", "up", "down"];

    public static readonly string[] Quarters = ["the first quarter", "the second quarter", "the third quarter", "the last quarter"];

    /// <summary>Minutes and seconds, for example "04:07"; hours are counted as minutes.</summary>
    public static string Time(int seconds) => $"{seconds / 60:00}:{seconds % 60:00}";

    /// <summary>"a, b, c and d".</summary>
    public static string List(IReadOnlyList<string> names) => $"{string.Join(", ", names.SkipLast(1))} and {names[^1]}";
}
