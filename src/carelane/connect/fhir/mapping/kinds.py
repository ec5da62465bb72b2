"""Names of FHIR R4 resources that may stand in clear as a message's trigger or a problem's place. Pure.

Whatever else a sender writes as `resourceType` could be a patient's name, and becomes `other` (I13).
Source: FHIR R4 (4.0.1), Resource Index.
"""

from carelane.connect.fhir.codec import Resource

_NAMES = """
    Account ActivityDefinition AdverseEvent AllergyIntolerance Appointment AppointmentResponse AuditEvent Basic Binary
    BodyStructure Bundle CapabilityStatement CarePlan CareTeam ChargeItem Claim ClaimResponse ClinicalImpression
    Communication CommunicationRequest Composition Condition Consent Contract Coverage CoverageEligibilityRequest
    CoverageEligibilityResponse DetectedIssue Device DeviceRequest DeviceUseStatement DiagnosticReport DocumentManifest
    DocumentReference Encounter Endpoint EpisodeOfCare ExplanationOfBenefit FamilyMemberHistory Flag Goal Group
    GuidanceResponse HealthcareService ImagingStudy Immunization ImmunizationRecommendation Invoice List Location Media
    Medication MedicationAdministration MedicationDispense MedicationRequest MedicationStatement MessageHeader
    NutritionOrder Observation OperationOutcome Organization OrganizationAffiliation Parameters Patient PaymentNotice
    Person PlanDefinition Practitioner PractitionerRole Procedure Provenance Questionnaire QuestionnaireResponse
    RelatedPerson RequestGroup RiskAssessment Schedule ServiceRequest Slot Specimen Subscription SubscriptionStatus
    SupplyDelivery SupplyRequest Task VisionPrescription"""
KINDS = frozenset(_NAMES.split())


def kind_of(resource: Resource) -> str:
    """The resource's type, or `other` where FHIR R4 has none of that name."""
    kind = str(resource.get("resourceType"))
    return kind if kind in KINDS else "other"
