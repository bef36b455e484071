using Studio.Benchmarks.Evaluation.Originals;

namespace Studio.Benchmarks.Evaluation.Tasks;

/// <summary>One of MLVU's generative parts: its files, what its judge is asked, and the two marks that the judge gives.</summary>
/// <param name="Name">Name of the part.</param>
/// <param name="Title">In words.</param>
/// <param name="File">Annotation file below the annotation folder.</param>
/// <param name="Media">Folder of its videos below the video folder, as the data set is published; open_bench.py names them subPlot and summary.</param>
/// <param name="Kind">"question_type" of its rows.</param>
/// <param name="HasPoints">Whether the judge sees question and scoring points; otherwise it sees the expected answer.</param>
/// <param name="Marks">Names of the marks, in the order of the original's sums.</param>
/// <param name="System">Lines of the judge's system text.</param>
internal sealed record MlvuJudging(string Name, string Title, string File, string Media, string Kind, bool HasPoints, (string First, string Second) Marks, IReadOnlyList<string> System)
{
    /// <summary>
    /// Tokens of a reply at most. The original sets none, but its judge, gpt-4-turbo, ends at this many by itself; the judge reasons before
    /// it gives its marks, so fewer could cut them off.
    /// </summary>
    public const int ReplyTokens = 4096;

    /// <summary>The original's texts stand indented in its source, and so they are sent: every line of it, and the end.</summary>
    private const string Indent = "                            ", End = "                        ";

    public static IReadOnlyList<MlvuJudging> All { get; } =
    [
        new("sub_scene", "sub-scene captions", "mlvu/8_sub_scene.json", "8_sub_scene", "subPlot", true, ("accuracy", "relevance"),
        [
            "##TASK DESCRIPTION: ",
            "You are required to evaluate a respondent's answer based on a provided question, some scoring points, and the respondent's answer. You should provide two scores. The first is the accuracy score, which should range from 1 to 5. The second is the relevance score, which should also range from 1 to 5. Below are the criteria for each scoring category.",
            "##ACCURACY Scoring Criteria: ",
            "Evaluate the respondent's answer against specific scoring points as follows:",
            "Score 1: The response completely misses the scoring point.",
            "Score 3: The response mentions content related to the scoring point but is not entirely correct.",
            "Score 5: The response accurately addresses the scoring point.",
            "Calculate the average score across all scoring points to determine the final accuracy score.",
            "##RELEVANCE Scoring Criteria:",
            "Assess how the respondent's answer relates to the original question:",
            "Score 1: The response is completely off-topic from the question.",
            "Score 2: The response is partially related to the question but contains a significant amount of irrelevant content.",
            "Score 3: The response primarily addresses the question, but the respondent seems uncertain about their own answer.",
            "Score 4: The response mostly addresses the question and the respondent appears confident in their answer.",
            "Score 5: The response is fully focused on addressing the question with no irrelevant content and demonstrates complete certainty.",
            "----",
            "##INSTRUCTION:",
            "1. Evaluate Accuracy: First, assess and score each scoring point based on the respondent's answer. Calculate the average of these scores to establish the final accuracy score. Provide a detailed rationale before assigning your score.",
            "2. Evaluate RELEVANCE: Assess the relevance of the respondent\u2019s answer to the question. Note that when evaluating relevance, the correctness of the answer is not considered; focus solely on how relevant the answer is to the question. Provide a comprehensive rationale before assigning your score.",
            "3. Output Scores in JSON Format: Present the scores in JSON format as follows:",
            "{'score_accuracy': score_acc, 'score_relevance': score_rele, 'total_score': score_acc + score_rele}",
        ]),
        new("summary", "video summaries", "mlvu/9_summary.json", "9_summary", "summary", false, ("completeness", "reliability"),
        [
            "##TASK DESCRIPTION: ",
            "You are required to evaluate the performance of the respondent in the video summarization task based on the standard answer and the respondent's answer. You should provide two scores. The first is the COMPLETENESS score, which should range from 1 to 5. The second is the RELIABILITY score, which should also range from 1 to 5. Below are the criteria for each scoring category:",
            "##COMPLETENESS Scoring Criteria:",
            "The completeness score focuses on whether the summary covers all key points and main information from the video. ",
            "Score 1: The summary hardly covers any of the main content or key points of the video.",
            "Score 2: The summary covers some of the main content and key points but misses many.",
            "Score 3: The summary covers most of the main content and key points.",
            "Score 4: The summary is very comprehensive, covering most to nearly all of the main content and key points.",
            "Score 5: The summary completely covers all the main content and key points of the video.",
            "##RELIABILITY Scoring Criteria:",
            "The reliability score evaluates the correctness and clarity of the video summary. It checks for factual errors, misleading statements, and contradictions with the video content. If the respondent's answer includes details that are not present in the standard answer, as long as these details do not conflict with the correct answer and are reasonable, points should not be deducted.",
            "Score 1: Contains multiple factual errors and contradictions; presentation is confusing.",
            "Score 2: Includes several errors and some contradictions; needs clearer presentation.",
            "Score 3: Generally accurate with minor errors; minimal contradictions; reasonably clear presentation.",
            "Score 4: Very accurate with negligible inaccuracies; no contradictions; clear and fluent presentation.",
            "Score 5: Completely accurate with no errors or contradictions; presentation is clear and easy to understand.",
            "----",
            "##INSTRUCTION:",
            "1. Evaluate COMPLETENESS: First, analyze the respondent's answer according to the scoring criteria, then provide an integer score between 1 and 5 based on sufficient evidence. ",
            "2. Evaluate RELIABILITY: First, analyze the respondent's answer according to the scoring criteria, then provide an integer score between 1 and 5 based on sufficient evidence. ",
            "3. Output Scores in JSON Format: Present the scores in JSON format as follows:",
            "{'score_completeness': score_comp, 'score_reliability': score_reli, 'total_score': score_comp + score_reli}",
        ]),
    ];

    /// <summary>Names of the marks in their order.</summary>
    public string[] MarkNames => [Marks.First, Marks.Second];

    /// <summary>The key of a mark in the judge's reply.</summary>
    public static string Key(string mark) => $"score_{mark}";

    /// <summary>
    /// What the judge is asked about an answer. The original looks scoring points up by the question's text, so that rows of one question
    /// would share the last one's, and a question with a line end would stop it; here each row has its own.
    /// </summary>
    public JudgeRequest Request(EvalDocument document, string answer) => new(Text(System),
        Text([
            "Please score the respondent's answer according to the steps in the Instructions. You must end with a JSON dict to store the scores.",
            .. (IEnumerable<string>)(HasPoints
                ? [$"Question: {document.Question.Replace("\n", "", StringComparison.Ordinal)}", $"Scoring Points: [{string.Join(", ", document.Points.Select(PythonText.Repr))}]"]
                : [$"Standard Answer: {document.Answer}"]),
            $"Respondent's Answer: {answer}",
        ]),
        ReplyTokens);

    // Lines within an answer are not indented: the original puts it into its text as it is.
    private static string Text(IEnumerable<string> lines) => "\n" + string.Concat(lines.Select(line => $"{Indent}{line}\n")) + End;
}
