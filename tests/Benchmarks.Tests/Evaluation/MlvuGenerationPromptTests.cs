using Studio.Benchmarks.Evaluation;
using Studio.Benchmarks.Evaluation.Tasks;
using Xunit;

namespace Studio.Benchmarks.Tests.Evaluation;

/// <summary>
/// Frozen copies of what MLVU's generative parts ask model and judge. The originals' texts stand in indented source, and the indentation is
/// sent; "·" is a space at the end of a line.
/// </summary>
public sealed class MlvuGenerationPromptTests
{
    private const string Caption = """{"video":"v.mp4","duration":600.5,"question":"How does the cup\n fall?","answer":"It slides.","question_type":"subPlot","scoring_points":["It slides","The cat's paw","\"Stop\", it's said"]}""";

    private const string Summary = """{"video":"w.mp4","duration":480,"question":"Sum it up.","answer":"A cup\nfalls.","question_type":"summary"}""";

    private const string CaptionSystem = """
                            ##TASK DESCRIPTION:·
                            You are required to evaluate a respondent's answer based on a provided question, some scoring points, and the respondent's answer. You should provide two scores. The first is the accuracy score, which should range from 1 to 5. The second is the relevance score, which should also range from 1 to 5. Below are the criteria for each scoring category.
                            ##ACCURACY Scoring Criteria:·
                            Evaluate the respondent's answer against specific scoring points as follows:
                            Score 1: The response completely misses the scoring point.
                            Score 3: The response mentions content related to the scoring point but is not entirely correct.
                            Score 5: The response accurately addresses the scoring point.
                            Calculate the average score across all scoring points to determine the final accuracy score.
                            ##RELEVANCE Scoring Criteria:
                            Assess how the respondent's answer relates to the original question:
                            Score 1: The response is completely off-topic from the question.
                            Score 2: The response is partially related to the question but contains a significant amount of irrelevant content.
                            Score 3: The response primarily addresses the question, but the respondent seems uncertain about their own answer.
                            Score 4: The response mostly addresses the question and the respondent appears confident in their answer.
                            Score 5: The response is fully focused on addressing the question with no irrelevant content and demonstrates complete certainty.
                            ----
                            ##INSTRUCTION:
                            1. Evaluate Accuracy: First, assess and score each scoring point based on the respondent's answer. Calculate the average of these scores to establish the final accuracy score. Provide a detailed rationale before assigning your score.
                            2. Evaluate RELEVANCE: Assess the relevance of the respondent’s answer to the question. Note that when evaluating relevance, the correctness of the answer is not considered; focus solely on how relevant the answer is to the question. Provide a comprehensive rationale before assigning your score.
                            3. Output Scores in JSON Format: Present the scores in JSON format as follows:
                            {'score_accuracy': score_acc, 'score_relevance': score_rele, 'total_score': score_acc + score_rele}
""";

    private const string SummarySystem = """
                            ##TASK DESCRIPTION:·
                            You are required to evaluate the performance of the respondent in the video summarization task based on the standard answer and the respondent's answer. You should provide two scores. The first is the COMPLETENESS score, which should range from 1 to 5. The second is the RELIABILITY score, which should also range from 1 to 5. Below are the criteria for each scoring category:
                            ##COMPLETENESS Scoring Criteria:
                            The completeness score focuses on whether the summary covers all key points and main information from the video.·
                            Score 1: The summary hardly covers any of the main content or key points of the video.
                            Score 2: The summary covers some of the main content and key points but misses many.
                            Score 3: The summary covers most of the main content and key points.
                            Score 4: The summary is very comprehensive, covering most to nearly all of the main content and key points.
                            Score 5: The summary completely covers all the main content and key points of the video.
                            ##RELIABILITY Scoring Criteria:
                            The reliability score evaluates the correctness and clarity of the video summary. It checks for factual errors, misleading statements, and contradictions with the video content. If the respondent's answer includes details that are not present in the standard answer, as long as these details do not conflict with the correct answer and are reasonable, points should not be deducted.
                            Score 1: Contains multiple factual errors and contradictions; presentation is confusing.
                            Score 2: Includes several errors and some contradictions; needs clearer presentation.
                            Score 3: Generally accurate with minor errors; minimal contradictions; reasonably clear presentation.
                            Score 4: Very accurate with negligible inaccuracies; no contradictions; clear and fluent presentation.
                            Score 5: Completely accurate with no errors or contradictions; presentation is clear and easy to understand.
                            ----
                            ##INSTRUCTION:
                            1. Evaluate COMPLETENESS: First, analyze the respondent's answer according to the scoring criteria, then provide an integer score between 1 and 5 based on sufficient evidence.·
                            2. Evaluate RELIABILITY: First, analyze the respondent's answer according to the scoring criteria, then provide an integer score between 1 and 5 based on sufficient evidence.·
                            3. Output Scores in JSON Format: Present the scores in JSON format as follows:
                            {'score_completeness': score_comp, 'score_reliability': score_reli, 'total_score': score_comp + score_reli}
""";

    private const string CaptionUser = """
                            Please score the respondent's answer according to the steps in the Instructions. You must end with a JSON dict to store the scores.
                            Question: How does the cup fall?
                            Scoring Points: ['It slides', "The cat's paw", '"Stop", it\'s said']
                            Respondent's Answer: It tips
over.
""";

    private const string SummaryUser = """
                            Please score the respondent's answer according to the steps in the Instructions. You must end with a JSON dict to store the scores.
                            Standard Answer: A cup
falls.
                            Respondent's Answer: It tips
over.
""";

    private static string Sent(string text) => "\n" + text.Replace('·', ' ') + "\n" + new string(' ', 24);

    [Theory]
    [InlineData("sub_scene", Caption, CaptionSystem, CaptionUser, "How does the cup\n fall?")]
    [InlineData("summary", Summary, SummarySystem, SummaryUser, "Sum it up.")]
    public void Prompts(string part, string row, string system, string user, string question)
    {
        foreach (var task in (MlvuGeneration[])[new(part), new()])
        {
            var document = task.Document(row, part);
            Assert.Equal(new EvalPrompt(question) { System = "Carefully watch this video and pay attention to every detail. Based on your observations, answer the given questions." }, task.Prompt(document));
            Assert.Equal(new JudgeRequest(Sent(system), Sent(user), 4096), task.Request(document, "It tips\nover."));
            Assert.Equal((512, 1024, 1), (task.Limits.MaxFrames, task.Limits.MaxNewTokens, task.PromptVersion));
        }
    }
}
